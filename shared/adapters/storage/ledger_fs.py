"""The ledger on a file system of fsspec, which can neither append nor lock.

Rule 1: each line is a file of its own, after the `closed` of the file before it.
Rule 2: there is one writer only. So what is there is listed once.
"""

from collections.abc import AsyncIterator
from datetime import datetime

from shared.adapters.storage.archive_fs import FsspecArchive
from shared.domain import layout
from shared.domain.evidence.ledger import blob_numbers, blob_path
from shared.ports.archive_store import AlreadyExists
from shared.ports.ledger_blobs import Appended, BlobClosed, LedgerBlob, Listing


class FsspecLedgerBlobs:
    """Files below `ledger/`, each written once."""

    def __init__(self, archive: FsspecArchive) -> None:
        self.archive = archive
        self.sizes: dict[int, int] | None = None

    async def list(self) -> Listing:
        """List the files; they have no time that could be relied on."""
        if self.sizes is None:
            self.sizes = {
                number: file.size
                async for file in self.archive.walk(layout.LEDGER_PREFIX)
                for number in blob_numbers([file.path])
            }
        return Listing(
            blobs=tuple(
                LedgerBlob(number=number, size=self.sizes[number])
                for number in sorted(self.sizes)
            )
        )

    def read(self, number: int, start: int) -> AsyncIterator[bytes]:
        """Yield the bytes of a file from `start` on."""
        return self.archive.stream(blob_path(number), start)

    async def create(self, number: int) -> None:
        """Do nothing: a file comes with its lines."""

    async def append(self, number: int, data: bytes) -> Appended:  # noqa: ARG002 - the port's signature
        """Raise: to what was written nothing can be appended."""
        raise BlobClosed("a file is written once")

    async def append_first(self, number: int, data: bytes) -> Appended | None:
        """Write a file."""
        try:
            await self.archive.create(blob_path(number), data)
        except AlreadyExists:
            self.sizes = None  # another writer, which there should not be
            return None
        if self.sizes is not None:
            self.sizes[number] = len(data)
        return Appended()

    async def seal(self, number: int) -> bool:  # noqa: ARG002 - the port's signature
        """Return True: nothing is ever appended."""
        return True

    async def now(self) -> datetime | None:
        """Return None: the writer's clock counts."""
        return None
