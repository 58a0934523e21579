"""The index of an archive: where it stands on this machine, and whether it is current.

Beside a folder; for a container, and where nobody may write beside a folder, in the
user's cache.
"""

import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from shared.bootstrap.identity import utc_now
from shared.bootstrap.opened_archive import OpenedArchive
from shared.ports.archive_index import IndexReader, NoIndex
from shared.usecases.reading.build_index import BuildIndex, BuiltIndex
from shared.usecases.reading.index_age import Age, age_of, from_json

ENDING = "-index.sqlite"
LONGEST_NAME = 60
"""Characters of an archive's address that its index in the cache is named by."""


class StaleIndex(NoIndex):
    """The archive has changed since the index was built. The text says what to do."""


def index_path(archive: OpenedArchive) -> Path:
    """Return where the index of an archive stands, whether there is one or not."""
    if archive.folder:
        folder = archive.folder.resolve()
        beside = folder.with_name(folder.name + ENDING)
        if beside.exists() or os.access(folder.parent, os.W_OK):
            return beside
    from platformdirs import user_cache_path

    name = re.sub("[^A-Za-z0-9.-]+", "-", archive.address).strip("-")[-LONGEST_NAME:]
    digest = hashlib.sha256(archive.address.encode()).hexdigest()[:16]
    return user_cache_path("chat-archive", appauthor=False) / f"{name}-{digest}{ENDING}"


async def build_index(
    archive: OpenedArchive, on_thread: Callable[[int, int], None]
) -> BuiltIndex:
    """Build the index of an archive, or bring it up to date.

    Raises:
        IndexBusy: another process is building it.
        Transient: the archive cannot be reached; the next build goes on.

    """
    from shared.adapters.index.write_index import SqliteIndexWriter

    index = SqliteIndexWriter(index_path(archive), archive.address)
    try:
        return await BuildIndex(
            archive=archive.archive,
            blobs=archive.ledger.blobs,
            index=index,
            clock=utc_now,
            on_thread=on_thread,
        )()
    finally:
        index.close()


@asynccontextmanager
async def open_index(
    archive: OpenedArchive, *, stale_ok: bool = False
) -> AsyncIterator[IndexReader]:
    """Open the index of an archive.

    Raises:
        StaleIndex: the archive has changed since, and that is not `stale_ok`.
        NoIndex: there is none that could be believed.
        Transient: the archive cannot be reached.

    """
    from shared.adapters.index.read_index import SqliteIndexReader

    index = SqliteIndexReader(index_path(archive))
    try:
        age = await age_of(archive.ledger.blobs, from_json(index.about.position))
        if age is Age.OTHER:
            raise NoIndex(f"the index is {age}: build it with `chat-archive index`")
        if age is Age.OLDER and not stale_ok:
            raise StaleIndex(
                f"the index is of {index.about.built_on}, and the archive has changed "
                "since: `chat-archive index` brings it up to date, --stale-ok uses it "
                "as it is"
            )
        yield index
    finally:
        index.close()
