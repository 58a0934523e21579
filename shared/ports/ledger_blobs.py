"""The ledger's blobs: numbered from 1, appended to, and closed one after the other."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.errors import ArchiverError


class BlobClosed(ArchiverError):
    """Nothing can be appended to this blob any more: it was closed, or is full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerBlob:
    """A blob of the ledger. `created_on` is known of the first one; it may be None."""

    number: int
    size: int
    created_on: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All blobs in their order, and the storage's time where it came along."""

    blobs: tuple[LedgerBlob, ...] = ()
    now: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """What the storage says of an append: its time, and the blob's blocks so far."""

    now: datetime | None = None
    blocks: int = 0


class LedgerBlobs(Protocol):
    """Reads and extends the ledger; any number of writers may do so at once.

    All methods raise `Transient` where the storage cannot be reached, and an append
    that failed may be there all the same, now or a moment later.
    """

    async def list(self) -> Listing:
        """Return what there is; nothing where there is no ledger yet."""
        ...

    def read(self, number: int, start: int) -> AsyncIterator[bytes]:
        """Yield the bytes of a blob from `start` to its end, in parts.

        Raises:
            IntegrityError: there is no such blob.

        """
        ...

    async def create(self, number: int) -> None:
        """Create an empty blob unless it is there. The one before it was sealed."""
        ...

    async def append(self, number: int, data: bytes) -> Appended:
        """Append whole lines; return once they are durable.

        Raises:
            BlobClosed: nothing can be appended to this blob any more.

        """
        ...

    async def append_first(self, number: int, data: bytes) -> Appended | None:
        """Append whole lines to a blob that is still empty; None if it is not."""
        ...

    async def seal(self, number: int) -> bool:
        """See to it that a blob can be closed; return False where that is refused.

        Nothing is appended to it once the next one was created.
        """
        ...

    async def now(self) -> datetime | None:
        """Return the storage's time; None where it has none to tell."""
        ...
