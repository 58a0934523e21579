"""`python -m bench.index`: an index beside reading the archive, and beside grep.

Made-up archives in a folder: threads of 100 messages of 100 characters. Building is
compared with reading the same threads as every other command does (`replay`), and with
parsing their lines as JSON and nothing else (`parse`). Searching is compared with the
same search without an index, and with grep over the files.
"""

import argparse
import asyncio
import json
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.made_archives import MadeArchive
from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.index import build_index, index_path, open_index
from shared.domain.search.query import parse_query
from shared.ports.archive_index import NO_FILTER, Filter

RESULTS = Path(__file__).parent / "results" / "index.json"
PER_THREAD = 100
NEWS = 100
"""One thread in this many gets a new revision before the index is updated."""
QUERIES = 200
HIT_COUNT = 50
LISTED = 20_000
BUILD_HEAD = (
    "| messages | threads/s | MB/s | × parse | × replay | bytes a message "
    "| 1 % news, s | of building |\n|---|---|---|---|---|---|---|---|"
)
SEARCH_HEAD = (
    "| messages | search p50 ms | p95 ms | without index, s | grep, s |\n"
    "|---|---|---|---|---|"
)
LIST_HEAD = "| threads | list, s | without index, s |\n|---|---|---|"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.index", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument("--listed", type=int, default=LISTED)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    results = asyncio.run(measure(given.sizes, given.listed))
    given.output.write_text(json.dumps(results, indent=2) + "\n")


async def measure(sizes: list[int], listed: int) -> dict[str, Any]:
    results: dict[str, Any] = {"build": {}, "search": {}, "list": {}}
    lines: list[str] = []
    print(f"\n## Building an index\n\n{BUILD_HEAD}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "archive"
            made = MadeArchive(root)
            ids = [made.add_thread(n, PER_THREAD) for n in range(size // PER_THREAD)]
            results["build"][size] = await measure_build(made, ids, size)
            results["search"][size], line = await measure_search(made, size)
            lines.append(line)
    print(f"\n## Searching\n\n{SEARCH_HEAD}", *lines, sep="\n")
    print(f"\n## Listing\n\n{LIST_HEAD}")
    with tempfile.TemporaryDirectory() as folder:
        made = MadeArchive(Path(folder) / "archive")
        for number in range(listed):
            made.add_thread(number, 5)
        results["list"][listed] = await measure_list(made, listed)
    return results


async def measure_build(
    made: MadeArchive, ids: list[str], size: int
) -> dict[str, float]:
    files = list(made.root.glob("thread=*/rev=*/events.jsonl"))
    size_mb = sum(file.stat().st_size for file in files) / 1e6
    parse = timed(lambda: [parsed(file) for file in files])
    async with open_archive(address(made)) as archive:
        began = time.perf_counter()
        async for _ in archive.scan(ignore, ignore).threads(NO_FILTER):
            pass
        replay = time.perf_counter() - began
        began = time.perf_counter()
        await build_index(archive, ignore)
        build = time.perf_counter() - began
        size_index = index_path(archive).stat().st_size / size
        for thread_id in ids[::NEWS]:
            made.add_news(thread_id, PER_THREAD // 10)
        began = time.perf_counter()
        await build_index(archive, ignore)
        news = time.perf_counter() - began
    print(
        f"| {size:,} | {len(ids) / build:.0f} | {size_mb / build:.1f} "
        f"| {parse / build:.2f} | {replay / build:.2f} | {size_index:.0f} "
        f"| {news:.2f} | {news / build:.1%} |"
    )
    return {
        "build_s": build, "parse_s": parse, "replay_s": replay,
        "bytes_a_message": size_index, "news_s": news, "input_mb": size_mb,
    }  # fmt: skip


async def measure_search(made: MadeArchive, size: int) -> tuple[dict[str, float], str]:
    queries = list(asked(made))
    async with open_archive(address(made)) as archive:
        times = []
        async with open_index(archive) as index:
            for text, chosen in queries:
                began = time.perf_counter()
                query = parse_query(text)
                index.search(query, chosen, HIT_COUNT)
                index.count(query, chosen, 10_000)
                times.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        await archive.scan(ignore, ignore).search(
            parse_query(queries[0][0]), NO_FILTER, HIT_COUNT
        )
        scan = time.perf_counter() - began
    grep = timed(lambda: grepped(made.root, made.speech.words[100]))
    p95 = statistics.quantiles(times, n=20)[-1]
    p50 = statistics.median(times)
    return (
        {"p50_ms": p50, "p95_ms": p95, "max_ms": max(times), "scan_s": scan,
         "grep_s": grep},
        f"| {size:,} | {p50:.1f} | {p95:.1f} | {scan:.1f} | {grep:.1f} |",
    )  # fmt: skip


def asked(made: MadeArchive) -> "list[tuple[str, Filter]]":
    """Return what people may ask: words of all ranks, phrases, beginnings, filters."""
    seed, words = random.Random(3), made.speech.words
    kinds: list[Callable[[], tuple[str, Filter]]] = [
        lambda: (words[seed.randrange(20)], NO_FILTER),
        lambda: (words[seed.randrange(20, 1000)], NO_FILTER),
        lambda: (words[seed.randrange(1000, 60_000)], NO_FILTER),
        lambda: (f"{words[seed.randrange(50)]} {words[seed.randrange(50)]}", NO_FILTER),
        lambda: (
            f'"{words[seed.randrange(50)]} {words[seed.randrange(50)]}"',
            NO_FILTER,
        ),
        lambda: (f"{words[seed.randrange(1000)][:3]}*", NO_FILTER),
        lambda: (
            f"{words[seed.randrange(50)]} OR {words[seed.randrange(5000)]}",
            NO_FILTER,
        ),
        lambda: (
            words[seed.randrange(200)],
            Filter(participant=f"person {seed.randrange(300)}"),
        ),
        lambda: (words[seed.randrange(200)], Filter(is_edited=True)),
        lambda: (words[seed.randrange(200)], Filter(topic="case 77")),
    ]
    return [kinds[number % len(kinds)]() for number in range(QUERIES)]


async def measure_list(made: MadeArchive, count: int) -> dict[str, float]:
    async with open_archive(address(made)) as archive:
        began = time.perf_counter()
        await archive.scan(ignore, ignore).facts(NO_FILTER)
        without = time.perf_counter() - began
        await build_index(archive, ignore)
        began = time.perf_counter()
        async with open_index(archive) as index:
            rows = len(list(index.threads(NO_FILTER)))
        listed = time.perf_counter() - began
    if rows != count:
        raise RuntimeError(f"{rows} of {count} threads are listed")
    print(f"| {count:,} | {listed:.2f} | {without:.1f} |")
    return {"list_s": listed, "without_s": without}


def address(made: MadeArchive) -> ArchiveAddress:
    return ArchiveAddress(text=str(made.root), env={})


def parsed(file: Path) -> list[object]:
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def grepped(root: Path, word: str) -> None:
    grep = shutil.which("grep")
    if grep:
        command = [grep, "-r", "-l", "-i", "-w", "--", word, str(root)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ignore(*_: object) -> None:
    pass


if __name__ == "__main__":
    main()
