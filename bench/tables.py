"""`python -m bench.tables`: an archive as tables, beside what it cannot do without.

Made-up archives in a folder: threads of 100 messages of 100 characters over 900 days.
The index is there already. Beside the build stand reading the same threads in one
process and doing nothing with them (`replay`), writing the same rows that are in memory
already (`floor`), and a file of Parquet per thread (`naive`); and what DuckDB takes to
ask each of them for the senders of one month. Every figure is of a process of its own,
so that its peak memory is its own.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
from pyarrow import dataset, parquet

from bench.index import address, ignore
from bench.made_archives import MadeArchive
from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.exporting import export_into
from shared.bootstrap.index import build_index
from shared.bootstrap.tables import build_tables
from shared.domain.evidence.words import INPUT_FILES
from shared.formats.part import PLAIN
from shared.formats.registry import FORMATS
from shared.ports.archive_index import NO_FILTER
from shared.usecases.reading.find import Selection
from shared.usecases.reading.put import IfThere

RESULTS = Path(__file__).parent / "results" / "tables.json"
PER_THREAD = 100
NEWS = 100
"""One thread in this many gets a new revision before the tables are updated."""
QUESTION = (
    "SELECT sender_name, count(*) FROM read_parquet('{}', hive_partitioning = true) "
    "WHERE {} GROUP BY ALL"
)
HEAD = (
    "| messages | archive, MB | what | s | MB/s | messages/s | peak MiB | files | MB "
    "| DuckDB, ms |\n|---|---|---|---|---|---|---|---|---|---|"
)


def of_folder(folder: Path) -> ArchiveAddress:
    return ArchiveAddress(text=str(folder), env={})


async def replay(archive: Path, folder: Path) -> None:  # noqa: ARG001
    async with open_archive(of_folder(archive)) as opened:
        async for _ in opened.scan(ignore, ignore).threads(NO_FILTER):
            pass


async def tables(archive: Path, folder: Path) -> None:
    async with open_archive(of_folder(archive)) as opened:
        await build_tables(opened, folder / "tables", ignore)


async def naive(archive: Path, folder: Path) -> None:
    async with open_archive(of_folder(archive)) as opened:
        export = export_into(opened, folder / "naive", ignore, IfThere.REPLACE)
        await export(Selection(), [FORMATS["parquet"]], PLAIN)


CELLS: dict[str, Callable[[Path, Path], Any]] = {
    "replay": replay,
    "tables": tables,
    "news": tables,
    "naive": naive,
}
ASKED = {
    "tables": ("tables/messages/*/*.parquet", "month = '2025-06'"),
    "naive": ("naive/*/messages.parquet", "created_on LIKE '2025-06-%'"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tables", description=__doc__)
    parser.add_argument("--cell", choices=[*CELLS, "floor"], help=argparse.SUPPRESS)
    parser.add_argument("--archive", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000, 500_000])
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    if given.cell:
        print(json.dumps(cell(given.cell, given.archive, given.folder)))
        return
    print(f"\n## Tables\n\n{HEAD}")
    results = {str(size): measure(size) for size in given.sizes}
    given.output.write_text(json.dumps(results, indent=2) + "\n")


def cell(name: str, archive: Path, folder: Path) -> dict[str, float]:
    """Return what a part of the measurement takes in this process."""
    if name == "floor":
        seconds = write_again(folder)
    else:
        begun = time.perf_counter()
        asyncio.run(CELLS[name](archive, folder))
        seconds = time.perf_counter() - begun
    return {"seconds": seconds, "peak_mib": peak()}


def peak() -> float:
    """Return the most MiB that this process has held.

    Not what `getrusage` says, which counts whoever started it too.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def write_again(folder: Path) -> float:
    """Return the seconds to write all rows, which are in memory, as they are sorted."""
    rows = [
        dataset.dataset(part.parent).to_table()
        for part in sorted((folder / "tables").rglob("part-0001.parquet"))
    ]
    begun = time.perf_counter()
    for number, table in enumerate(rows):
        parquet.write_table(table, folder / f"{number}.floor", compression="zstd")
    return time.perf_counter() - begun


def measure(size: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-tables-") as scratch:
        root = Path(scratch)
        made = MadeArchive(root / "archive")
        ids = [made.add_thread(n, PER_THREAD) for n in range(size // PER_THREAD)]
        asyncio.run(index(made))
        read = sum(
            file.stat().st_size
            for name in INPUT_FILES
            for file in made.root.rglob(f"{name}.jsonl")
        )
        results = {
            name: row(root, made.root, name, size, read)
            for name in ("replay", "tables", "floor", "naive")
        }
        for thread_id in ids[::NEWS]:
            made.add_news(thread_id, PER_THREAD // 10)
        asyncio.run(index(made))
        results["news"] = row(root, made.root, "news", size, read)
        return {"archive_mb": read / 1e6, **results}


async def index(made: MadeArchive) -> None:
    async with open_archive(address(made)) as archive:
        await build_index(archive, ignore)


def row(root: Path, archive: Path, name: str, size: int, read: int) -> dict[str, Any]:
    """Measure one thing in a process of its own; print it, and return it."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.tables", "--cell", name),
            *("--archive", str(archive), "--folder", str(root)),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    seconds = found["seconds"]
    files = list((root / ("tables" if name == "news" else name)).rglob("*.parquet"))
    found["files"] = len(files)
    found["mb"] = sum(file.stat().st_size for file in files) / 1e6
    found["duckdb_ms"] = ask(root, name) if name in ASKED else 0.0
    print(
        f"| {size:,} | {read / 1e6:.0f} | {name} | {seconds:.1f} "
        f"| {read / 1e6 / seconds:.1f} | {size / seconds:,.0f} "
        f"| {found['peak_mib']:.0f} | {found['files']:,} "
        f"| {found['mb']:.1f} | {found['duckdb_ms']:.0f} |",
        flush=True,
    )
    return found


def ask(root: Path, name: str) -> float:
    """Return the milliseconds of the better of two questions to DuckDB."""
    place, where = ASKED[name]
    question = QUESTION.format(root / place, where)
    times = []
    for _ in range(2):
        begun = time.perf_counter()
        duckdb.execute(question).fetchall()
        times.append(time.perf_counter() - begun)
    return min(times) * 1000


if __name__ == "__main__":
    main()
