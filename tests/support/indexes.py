"""Indexes of archives in memory."""

from pathlib import Path

from shared.adapters.index.read_index import SqliteIndexReader
from shared.adapters.index.write_index import SqliteIndexWriter
from shared.usecases.reading.build_index import BuildIndex
from shared.usecases.reading.search import Scan


async def build(world, path: Path, **more):
    """Build the index of a world's archive, or bring it up to date."""
    index = SqliteIndexWriter(path, "memory")
    try:
        return await BuildIndex(
            archive=world.archive,
            blobs=world.blobs,
            index=index,
            clock=world.clock,
            **more,
        )()
    finally:
        index.close()


def reader(path: Path) -> SqliteIndexReader:
    return SqliteIndexReader(path)


def scan(world, failures=None):
    failures = [] if failures is None else failures
    return Scan(
        archive=world.archive, on_bytes=lambda _: None, on_failure=failures.append
    )
