"""`python -m bench.site`: a site, built and searched, beside what it cannot do without.

Made-up archives in a folder: threads of 100 messages of 100 characters. Building the
pages is compared with reading the same threads (`replay`), building the search with
cutting the same texts into words and nothing else (`words`). Searching is compared with
a look at every text, which is what a page without an index would do. Cold is a new page
with the files in the system's cache, warm the same question again.
"""

import argparse
import asyncio
import json
import random
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from bench.index import address, ignore
from bench.made_archives import MadeArchive
from local.chromium import CHROMIUM, environment
from shared.bootstrap.archive import open_archive
from shared.bootstrap.index import build_index, open_index
from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.site import site_of
from shared.domain.search.fold import words
from shared.ports.archive_index import NO_FILTER, IndexReader
from shared.ports.indexed import Person
from shared.usecases.reading.site.pages import SiteThread, people_in
from shared.usecases.reading.site.search_files import search_files

RESULTS = Path(__file__).parent / "results" / "site.json"
PER_THREAD = 100
SAMPLE = 8_000
QUESTIONS = 12
NO_LIMIT = {"person": None, "after": None, "before": None}
LIMITED = {"person": [3, 4, 5], "after": 1735689600000, "before": 1751328000000}
BUILD_HEAD = (
    "| messages | pages, messages/s | × replay | search, messages/s | × words "
    "| bytes a message | of the text | largest file, kB |\n"
    "|---|---|---|---|---|---|---|---|"
)
SEARCH_HEAD = (
    "| messages | question | cold p50 ms | max ms | warm p50 ms | max ms |\n"
    "|---|---|---|---|---|---|"
)
ASK = """async ([words, filter]) => {
  const begun = performance.now();
  const engine = await ChatSearch.open("search/", []);
  const cold = await engine.find(words, filter, { limit: 50 });
  const middle = performance.now();
  await engine.find(words, filter, { limit: 50 });
  return [middle - begun, performance.now() - middle, cold.count];
}"""
ASK_ALL = """async (questions) => {
  window.engine = await ChatSearch.open("search/", []);
  for (const [words, filter] of questions)
    await engine.find(words, filter, { limit: 50 });
}"""
LOOK = """async (word) => {
  const begun = performance.now();
  const engine = await ChatSearch.open("search/", []);
  let count = 0;
  for (let pack = 0; pack < engine.base.firsts.length; pack++)
    for (const [, , , , , text] of await engine.base.packs.get(pack))
      count += ChatSearch.words(text).includes(word);
  return [performance.now() - begun, count];
}"""
PAINT = """() => [performance.getEntriesByName("first-contentful-paint")[0].startTime,
  performance.getEntriesByType("navigation")[0].loadEventEnd]"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.site", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[20_000, 1_000_000])
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    results = asyncio.run(measure(given.sizes))
    given.output.write_text(json.dumps(results, indent=2) + "\n")


async def measure(sizes: Sequence[int]) -> dict[str, Any]:
    results: dict[str, Any] = {}
    lines: list[str] = []
    print(f"\n## Building a site\n\n{BUILD_HEAD}")
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="bench-site-") as scratch:
            root = Path(scratch)
            made = MadeArchive(root / "archive")
            for number in range(size // PER_THREAD):
                made.add_thread(number, PER_THREAD)
            async with open_archive(address(made)) as archive:
                await build_index(archive, ignore)
                async with open_index(archive) as index:
                    built = await build(archive, index, root / "site", size)
                    questions = asked(index)
            results[str(size)] = built
            found = await search(root / "site" / "index.html", questions)
            built["search"] = found
            lines += [
                f"| {size:,} | {name} | {each['cold'][0]:.0f} | {each['cold'][1]:.0f} "
                f"| {each['warm'][0]:.0f} | {each['warm'][1]:.0f} |"
                for name, each in found["kinds"].items()
            ]
            lines.append(
                f"\nEvery text of {size:,} looked at: {found['look_s']:.1f} s. First "
                f"paint {found['paint_ms']:.0f} ms, loaded {found['loaded_ms']:.0f} "
                f"ms, the tab after all questions {found['tab_mb']:.0f} MB.\n"
            )
            shutil.rmtree(root / "site")
    print(f"\n## Searching it\n\n{SEARCH_HEAD}", *lines, sep="\n")
    return results


async def build(
    archive: OpenedArchive, index: IndexReader, folder: Path, size: int
) -> dict[str, Any]:
    """Build the site, and do the parts of it that everybody would have to do."""
    begun = time.perf_counter()
    scan = archive.scan(ignore, ignore)
    async for _ in scan.threads(NO_FILTER):
        pass
    replay = time.perf_counter() - begun
    texts = [message.texts[0] for message in index.texts()]
    begun = time.perf_counter()
    for text in texts:
        words(text)
    cut = time.perf_counter() - begun
    begun = time.perf_counter()
    sizes = {name: len(data) for name, data in searched(index)}
    search_s = time.perf_counter() - begun
    begun = time.perf_counter()
    with ExitStack() as stack:
        await site_of(archive, index, folder, "bench", stack, ignore)()
    pages = time.perf_counter() - begun - search_s
    terms = sum(size for name, size in sizes.items() if "/p" not in name)
    total = sum(len(text.encode()) for text in texts)
    largest = largest_in(folder)
    print(
        f"| {size:,} | {size / pages:,.0f} | {replay / pages:.2f} "
        f"| {size / search_s:,.0f} | {cut / search_s:.2f} | {terms / size:.1f} "
        f"| {terms / total:.0%} | {largest / 1000:.0f} |",
        flush=True,
    )
    return {
        "pages_per_s": size / pages,
        "of_replay": replay / pages,
        "search_per_s": size / search_s,
        "of_words": cut / search_s,
        "bytes_a_message": terms / size,
        "of_text": terms / total,
        "largest": largest,
    }


def largest_in(folder: Path) -> int:
    """Return the size of the largest file that is no page and no attachment."""
    return max(
        file.stat().st_size
        for file in folder.rglob("*")
        if file.is_file() and "threads" not in file.parts
    )


def searched(index: IndexReader) -> Any:
    states = index.states()
    threads = [
        SiteThread(key=states[facts.thread_id].thread_key, facts=facts)
        for facts in index.threads(NO_FILTER)
    ]
    people: Sequence[Person] = people_in(threads)
    return search_files(index, threads, people)


def asked(index: IndexReader) -> Mapping[str, list[tuple[str, Mapping[str, Any]]]]:
    """Return questions of every kind, of words that are there."""
    chance = random.Random(5)
    texts = [message.texts[0] for message in index.texts()]
    sample = chance.sample(texts, min(SAMPLE, len(texts)))
    counted = Counter(word for text in sample for word in set(words(text)))
    latin = [word for word in counted if word.isascii()]
    han = [word for word in counted if word[0] > "\u4e00" and len(word) > 1]
    common = [word for word, _ in counted.most_common(60) if word.isascii()][:20]
    rare = [word for word in latin if counted[word] == 1]
    some = [text.split() for text in sample if len(text.split()) > PHRASE]

    def several(make: Any, limits: Mapping[str, Any] = NO_LIMIT) -> list[Any]:
        return [(make(), limits) for _ in range(QUESTIONS)]

    def phrase(length: int) -> str:
        return '"' + " ".join(chance.choice(some)[1 : 1 + length]) + '"'

    return {
        "rare word": several(lambda: chance.choice(rare)),
        "common word": several(lambda: chance.choice(common)),
        "two common words": several(lambda: " ".join(chance.sample(common, 2))),
        "beginning of 3": several(lambda: chance.choice(latin)[:3] + "*"),
        "beginning of 1": several(lambda: chance.choice("abcdefghij") + "*"),
        "phrase of 2": several(lambda: phrase(2)),
        "phrase of 3": several(lambda: phrase(PHRASE)),
        "phrase of common": several(lambda: f'"{" ".join(chance.sample(common, 2))}"'),
        "CJK": several(lambda: chance.choice(han)),
        "common, person, date": several(lambda: chance.choice(common), LIMITED),
    }


PHRASE = 3


async def search(
    page: Path, questions: Mapping[str, list[tuple[str, Mapping[str, Any]]]]
) -> dict[str, Any]:
    """Ask in a browser, each question on a page of its own."""
    kinds: dict[str, Any] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, chromium_sandbox=False, env={**environment()}
        )
        paint, loaded = await on_page(browser, page, PAINT)
        for name, each in questions.items():
            times = [
                await on_page(browser, page, ASK, [*question]) for question in each
            ]
            kinds[name] = {
                kind: (statistics.median(found), max(found))
                for kind, found in (
                    ("cold", [cold for cold, _, _ in times]),
                    ("warm", [warm for _, warm, _ in times]),
                )
            }
        common = questions["common word"][0][0]
        look, _ = await on_page(browser, page, LOOK, common)
        tab = await memory(browser, page, questions)
        await browser.close()
    return {
        "kinds": kinds,
        "paint_ms": paint,
        "loaded_ms": loaded,
        "look_s": look / 1000,
        "tab_mb": tab,
    }


async def on_page(browser: Browser, page: Path, script: str, given: Any = None) -> Any:
    tab = await browser.new_page()
    await tab.goto(page.as_uri())
    found = await tab.evaluate(script, given)
    await tab.close()
    return found


async def memory(
    browser: Browser,
    page: Path,
    questions: Mapping[str, list[tuple[str, Mapping[str, Any]]]],
) -> float:
    """Return the megabytes of one tab that was asked everything."""
    tab = await browser.new_page()
    await tab.goto(page.as_uri())
    session = await tab.context.new_cdp_session(tab)
    await tab.evaluate(
        ASK_ALL, [[*each] for every in questions.values() for each in every]
    )
    await session.send("HeapProfiler.collectGarbage")
    found = await session.send("Runtime.getHeapUsage")
    await tab.close()
    return float(found["usedSize"] + found.get("backingStorageSize", 0)) / 1e6


if __name__ == "__main__":
    main()
