"""The ledger in a folder: a file for each blob, and a lock for each append.

Rule 1: a blob is closed by the creation of the next one, under the lock that every
        append takes: the blob's own file is locked. So nothing can land in it after.
Rule 2: an append that a kill tore has no LF at its end, and was never acknowledged. It
        is cut off, under the lock, before anything else is appended or created.
Rule 3: the storage's time is that of a file just written.
Rule 4: the folder `ledger/` changes only when a blob is created, so as long as there is
        one blob, the folder's time is that of its creation. A file's own is not known
        everywhere.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from shared.adapters.storage.archive_folder import (
    FILE_MODE,
    FolderArchive,
    make_folders,
    open_in_folder,
)
from shared.adapters.storage.file_lock import try_lock, unlock
from shared.domain import layout
from shared.domain.errors import Transient
from shared.domain.evidence.ledger import blob_numbers, blob_path
from shared.ports.ledger_blobs import Appended, BlobClosed, LedgerBlob, Listing

BUDGET = 20.0
"""Seconds to wait for a lock; who holds one needs milliseconds."""
PAUSE = 0.005
TAIL = 4096
UNFINISHED = ".unfinished/"


class FolderLedgerBlobs:
    """Files below `ledger/` of an archive in a folder."""

    def __init__(self, archive: FolderArchive) -> None:
        self.archive = archive
        self.times = itertools.count()

    async def list(self) -> Listing:
        """List the blobs; a folder tells no time unless something is written."""
        files = [file async for file in self.archive.walk(layout.LEDGER_PREFIX)]
        blobs = [
            LedgerBlob(
                number=number,
                size=file.size,
                created_on=self.created_on() if number == 1 else None,
            )
            for file in files
            for number in blob_numbers([file.path])
        ]
        return Listing(blobs=tuple(sorted(blobs, key=lambda blob: blob.number)))

    def created_on(self) -> datetime | None:
        with suppress(OSError):
            return time_of(self.at(layout.LEDGER_PREFIX).stat())
        return None

    def read(self, number: int, start: int) -> AsyncIterator[bytes]:
        """Yield the bytes of a blob from `start` on."""
        return self.archive.stream(blob_path(number), start)

    async def create(self, number: int) -> None:
        """Create a blob unless it is there; this closes the one before it."""
        if number == 1:
            self.make_file(number)
            return
        async with self.locked(number - 1) as before:
            if not self.is_there(number):
                cut_torn_line(before)
                self.make_file(number)

    async def append(self, number: int, data: bytes) -> Appended:
        """Append lines."""
        async with self.locked(number) as file:
            if self.is_there(number + 1):
                raise BlobClosed("the next blob has begun")
            cut_torn_line(file)
            return write(file, data)

    async def append_first(self, number: int, data: bytes) -> Appended | None:
        """Append lines to a blob without any."""
        async with self.locked(number) as file:
            cut_torn_line(file)
            return None if file.seek(0, os.SEEK_END) else write(file, data)

    async def seal(self, number: int) -> bool:  # noqa: ARG002 - the port's signature
        """Return True: the next blob's creation seals."""
        return True

    async def now(self) -> datetime | None:
        """Return the time of a file just written; it is removed again."""
        name = f"{UNFINISHED}{os.getpid()}-{next(self.times)}.time"
        path = self.at(name)
        try:
            with open_in_folder(str(path), "wb") as file:
                file.write(b"\n")
                file.flush()
                return time_of(os.fstat(file.fileno()))
        except OSError as error:
            raise Transient(f"write {name}: {error.strerror}") from None
        finally:
            with suppress(OSError):
                path.unlink()

    def at(self, path: str) -> Path:
        return Path(self.archive.at(path))

    def is_there(self, number: int) -> bool:
        return self.at(blob_path(number)).exists()

    def make_file(self, number: int) -> None:
        path = self.at(blob_path(number))
        try:
            make_folders(str(path.parent))
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
        except FileExistsError:
            return
        except OSError as error:
            raise Transient(f"create {blob_path(number)}: {error.strerror}") from None
        # The name too must outlive a power cut; not every system can say so of it.
        with suppress(OSError):
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    @asynccontextmanager
    async def locked(self, number: int) -> AsyncIterator[IO[bytes]]:
        """Hold a blob's lock while the block runs, and give its file.

        Raises:
            IntegrityError: there is no such file in this folder.
            Transient: the lock cannot be had, or the block's writing failed.

        """
        path = blob_path(number)
        self.archive.check_plain(path)
        deadline = asyncio.get_running_loop().time() + BUDGET
        try:
            with self.at(path).open("r+b", buffering=0) as file:
                while not try_lock(file):
                    if asyncio.get_running_loop().time() > deadline:
                        raise Transient(f"{path} is locked by another process")
                    await asyncio.sleep(PAUSE)
                try:
                    yield file
                finally:
                    unlock(file)
        except OSError as error:
            raise Transient(f"append to {path}: {error.strerror}") from None


def time_of(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, UTC)


def cut_torn_line(file: IO[bytes]) -> None:
    """Remove what follows on the last LF."""
    size = end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - TAIL)
        file.seek(start)
        at = file.read(end - start).rfind(b"\n")
        if at >= 0:
            end = start + at + 1
            break
        end = start
    if end < size:
        file.truncate(end)


def write(file: IO[bytes], data: bytes) -> Appended:
    """Write at the end, on disk, all of it or nothing."""
    size = file.seek(0, os.SEEK_END)
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            file.truncate(size)
        raise
    return Appended(now=time_of(os.fstat(file.fileno())))
