"""The index of an archive: where it stands on this machine, and whether it is current.

Beside a folder; for a container, and where nobody may write beside a folder, in the
user's cache.
"""

import hashlib
import os
import re
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import cast

from shared.bootstrap.address import ENDING
from shared.bootstrap.archive import REQUEST
from shared.bootstrap.identity import utc_now
from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.processes import processes
from shared.ports.archive_index import IndexReader, NoIndex
from shared.usecases.reading.build_index import BuildIndex, BuiltIndex, ReadRaw
from shared.usecases.reading.index_age import Age, age_of, from_json
from shared.usecases.reading.raw_thread import (
    Prepare,
    RawThread,
    ReadThread,
    read_apart,
    read_raw,
)

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
LEFT_BESIDE = ("-journal", "-wal", "-shm", ".new")
LONGEST_NAME = 60
"""Characters of an archive's address that its index in the cache is named by."""


class StaleIndex(NoIndex):
    """The archive has changed since the index was built. The text says what to do."""


def index_path(archive: OpenedArchive) -> Path:
    """Return where the index of an archive stands, or will."""
    places = index_places(archive)
    if there := [place for place in places if is_own(place)]:
        return there[0]
    free = [
        place
        for place in places
        if not os.path.lexists(place) and os.access(place.parent, os.W_OK)
    ]
    return free[0] if free else places[-1]


def index_places(archive: OpenedArchive) -> list[Path]:
    """Return every place on this machine where an index of an archive may stand."""
    from platformdirs import user_cache_path

    name = re.sub("[^A-Za-z0-9.-]+", "-", archive.address).strip("-")[-LONGEST_NAME:]
    digest = hashlib.sha256(archive.address.encode()).hexdigest()[:16]
    cache = user_cache_path("chat-archive", appauthor=False)
    cached = cache / f"{name}-{digest}{ENDING}"
    if not archive.folder:
        return [cached]
    folder = archive.folder.resolve()
    if (folder.parent / REQUEST).is_file():
        folder = folder.parent  # never into a package, which somebody hands on
    return [folder.with_name(folder.name + ENDING), cached]


def is_own(place: Path) -> bool:
    """Return whether a file there is ours alone: anybody else's may say anything."""
    try:
        status = place.lstat()
    except OSError:
        return False
    if not stat.S_ISREG(status.st_mode) or not os.access(place, os.R_OK | os.W_OK):
        return False
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & OTHERS_WRITE


def remove_index(place: Path) -> None:
    """Delete an index, and what a build that was killed left beside it."""
    for file in (place, *(place.with_name(place.name + end) for end in LEFT_BESIDE)):
        file.unlink(missing_ok=True)


def has_left(place: Path) -> bool:
    """Return whether an index was deleted, but not what a killed build left of it."""
    return not place.exists() and any(
        place.with_name(place.name + end).exists() for end in LEFT_BESIDE
    )


async def build_index(
    archive: OpenedArchive,
    on_thread: Callable[[int, int], None],
    path: Path | None = None,
) -> BuiltIndex:
    """Build the index of an archive, or bring it up to date.

    `path` is where it stands, if that is not the usual place.

    Raises:
        IndexBusy: another process is building it.
        IndexFailed: it is damaged, or the disk is full.
        Transient: the archive cannot be reached; the next build goes on.

    """
    from shared.adapters.index.write_index import SqliteIndexWriter, writing

    place = path or index_path(archive)
    with writing(place), ExitStack() as stack:
        index = stack.enter_context(closing(SqliteIndexWriter(place, archive.address)))
        return await BuildIndex(
            archive=archive.archive,
            blobs=archive.ledger.blobs,
            index=index,
            clock=utc_now,
            on_thread=on_thread,
            read_long=lambda: apart(stack),
        )()


def apart(stack: ExitStack) -> ReadRaw:
    """Return what reads threads in processes of their own, which the stack ends."""
    call = stack.enter_context(processes())
    if call is None:
        return read_raw

    async def read(raw: RawThread, prepare: Prepare) -> ReadThread:
        return cast(ReadThread, await call(read_apart, raw, prepare))

    return read


@asynccontextmanager
async def open_index(
    archive: OpenedArchive, *, stale_ok: bool = False
) -> AsyncIterator[IndexReader]:
    """Open the index of an archive.

    Raises:
        MissingIndex: nobody has built one.
        StaleIndex: the archive has changed since, and that is not `stale_ok`.
        NoIndex: there is none that could be believed.
        Transient: the archive cannot be reached.

    """
    from shared.adapters.index.read_index import SqliteIndexReader
    from shared.adapters.index.reading import reading

    path = index_path(archive)
    index = SqliteIndexReader(path)
    with reading(path), closing(index):
        age = await age_of(archive.ledger.blobs, from_json(index.about.position))
        if age in (Age.OTHER, Age.NO_LEDGER):
            raise NoIndex(f"the index is {age}")
        if age is Age.OLDER and not stale_ok:
            raise StaleIndex(
                f"the index is of {index.about.built_on}, and the archive has changed "
                "since: `chat-archive index` brings it up to date, --stale-ok uses it "
                "as it is"
            )
        index.is_older = age is Age.OLDER
        yield index
