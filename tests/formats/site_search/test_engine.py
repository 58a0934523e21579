"""The search of a site, in node: what it finds is what a look at every text finds."""

import random

import pytest
from searched_site import (
    NONE,
    PEOPLE,
    VOCABULARY,
    is_found,
    is_list,
    made,
    parsed,
    queries,
    run_engine,
    written,
)

from shared.domain.search.fold import words
from shared.domain.search.query import parse_query
from shared.domain.search.snippet import hits
from shared.formats.site_search import shards
from shared.formats.site_search import writer as writing
from shared.formats.site_search.writer import SearchedMessage


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    patched = pytest.MonkeyPatch()
    # Small enough that every kind of file is written, as for a million messages.
    patched.setattr(writing, "PACK_CHARACTERS", 3000)
    patched.setattr(shards, "SHARD_CHARACTERS", 900)
    patched.setattr(shards, "LONG_CHARACTERS", 300)
    patched.setattr(shards, "PART_CHARACTERS", 400)
    messages = [*made(1800)]
    folder = written(messages, tmp_path_factory.mktemp("search"))
    patched.undo()
    names = [path.name for path in folder.rglob("*.js")]
    assert len([name for name in names if name.startswith("l")]) > 2
    assert len([name for name in names if name.startswith("t")]) > 5
    return folder, messages


def test_it_finds_what_a_look_at_every_text_finds(corpus):
    folder, messages = corpus
    chance = random.Random(2)
    asked = []
    for said in queries(chance, 400):
        only = dict(NONE)
        if chance.random() < 0.3:
            only["person"] = chance.sample(range(len(PEOPLE)), 2)
        if chance.random() < 0.3:
            only["after"] = messages[chance.randrange(len(messages))].time
        if chance.random() < 0.3:
            only["before"] = messages[chance.randrange(len(messages))].time
        for kind in ("edited", "deleted", "files"):
            only[kind] = chance.random() < 0.1
        asked.append(
            ("find", said, only, {"limit": 7, "offset": chance.choice([0, 3])})
        )
    answers = run_engine(folder, asked)

    found_any = 0
    for (_, said, only, page), answer in zip(asked, answers, strict=True):
        query = None if is_list(said, only) else parsed(said)
        if isinstance(query, dict):
            assert answer == query, said
            continue
        expected = [m for m in messages if is_found(query, m, only)][::-1]
        assert answer["count"] == len(expected), said
        found_any += bool(expected)
        shown = expected[page["offset"] : page["offset"] + page["limit"]]
        for hit, message in zip(answer["hits"], shown, strict=True):
            assert hit["thread"] == message.thread, said
            assert hit["ordinal"] == message.ordinal
            assert hit["id"] == message.message_id
            assert hit["sender"] == message.sender
            assert hit["time"] == message.time
            assert hit["texts"] == [
                text.encode("utf-8", "replace").decode() for text in message.texts
            ]
    assert found_any > 200


def test_without_words_the_limits_choose(corpus):
    folder, messages = corpus
    after = messages[900].time
    limits = ({"edited": True}, {"person": [1]}, {"person": []}, {"after": after})
    asked = [("find", " ", NONE | limit, {"limit": 5}) for limit in limits]
    *answers, unlimited = run_engine(folder, [*asked, ("find", "", NONE)])

    meant = (
        [each for each in messages if each.is_edited],
        [each for each in messages if each.sender == 1],
        [],
        [each for each in messages if each.time > after],
    )
    for answer, wanted in zip(answers, meant, strict=True):
        assert answer["count"] == len(wanted)
        newest = [each.message_id for each in reversed(wanted[-5:])]
        assert [hit["id"] for hit in answer["hits"]] == newest
    assert unlimited == parsed("")


def test_a_phrase_of_frequent_words_is_found_by_places(corpus):
    folder, messages = corpus
    texts = [words(text) for m in messages for text in m.texts]
    assert sum("the" in text for text in texts) > shards.HOT

    said = ['"the a"', '"a the a"', '"the the"', '"the a of"', '"a o*"']
    answers = run_engine(folder, [("find", each, NONE, {"limit": 1}) for each in said])
    for each, answer in zip(said, answers, strict=True):
        query = parse_query(each)
        expected = sum(is_found(query, message, NONE) for message in messages)
        assert answer["count"] == expected, each


def test_it_reads_every_character_as_the_program_does(corpus):
    step = 0x4000
    asked = [("folded", at, at + step) for at in range(0, 0x110000, step)]
    answers = run_engine(corpus[0], asked)

    different = []
    for (_, start, end), answer in zip(asked, answers, strict=True):
        codes = [code for code in range(start, end) if not 0xD800 <= code < 0xE000]
        for code, found in zip(codes, answer, strict=True):
            if found != " ".join(words(f"a{chr(code)}b")):
                different.append(f"{code:x}")
    assert different == []


def test_marks_are_those_of_the_program(corpus):
    chance = random.Random(3)
    asked = []
    for said in queries(chance, 300):
        text = " ".join(chance.choices(VOCABULARY, k=12)).replace("\ud800", "")
        asked.append(("marks", text, said))
    answers = run_engine(corpus[0], asked)

    for (_, text, said), answer in zip(asked, answers, strict=True):
        query = parsed(said)
        if isinstance(query, dict):
            assert answer == (query if said.strip() else [])
            continue
        expected = hits(text, query)
        units = [len(text[:at].encode("utf-16-le")) // 2 for at in range(len(text) + 1)]
        assert answer == [[units[a], units[b]] for a, b in expected], (text, said)


BAD = [
    "", " ", "...", '"open', "(a", "a)", "a OR", "OR a", "NOT a", "-a", "-...", "a*b",
    "a*'b", "* a", "()", "a () b", "(" * 20 + "a" + ")" * 20, "a " * 200, "AND", "a -",
    "a OR -b", "a NOT", "-\"'\" a", "a -!", 'say "it\'s"', "\ufeffa", "a\u0085b", "“a b”",
    "a*\\b", "x\u200b*y", 'a -"\t\n"', 'a -"\u2028\x07"', 'a -"\U000e0001"', "a -\u0301b",
    "\u0301", "-\u0301", 'a -"\'\\"', "a -_", "a -_b",
]  # fmt: skip


def test_what_cannot_be_searched_for_is_refused_in_the_same_words(corpus):
    answers = run_engine(
        corpus[0], [("find", said, NONE, {"limit": 1}) for said in BAD]
    )

    for said, answer in zip(BAD, answers, strict=True):
        query = parsed(said)
        if isinstance(query, dict):
            assert answer == query, said
        else:
            assert "count" in answer, (said, answer)


def test_ids_come_back_as_they_were(tmp_path):
    ids = ["", "0", "1", "01", str(2**53 + 1), "9" * 19, '"</script>', "a\u2028b"]
    folder = written(
        (
            SearchedMessage(
                thread=0, ordinal=at, message_id=each, sender=-1, texts=["x"],
                time=int(each) if each.isdecimal() else 0,
                is_edited=False, is_deleted=False, has_files=False,
            )
            for at, each in enumerate(ids)
        ),
        tmp_path,
    )  # fmt: skip

    (answer,) = run_engine(folder, [("find", "x", NONE, {"limit": 9})])
    assert [hit["id"] for hit in answer["hits"]] == ids[::-1]


def test_nothing_at_all_can_be_searched_too(tmp_path):
    folder = written([], tmp_path)

    answers = run_engine(
        folder, [("find", said, NONE, {"limit": 1}) for said in ("a", "a*", '"a b"')]
    )
    assert answers == [{"count": 0, "hits": []}] * 3


def test_the_same_messages_give_the_same_files(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    folders = [written(made(300), tmp_path / name) for name in ("one", "two")]

    first, second = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.js")}
        for folder in folders
    )
    assert first == second
