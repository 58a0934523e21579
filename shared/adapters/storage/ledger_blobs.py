"""The ledger on append blobs of the archive's container.

Rule 1: a blob is created with if-none-match and never otherwise: creating over an
        existing append blob truncates it.
Rule 2: appends carry no position, so that writers need not know of each other; but the
        line `closed` is appended at position 0, so that it stands there once.
Rule 3: an append that had no answer is repeated. A line may then stand twice, also in
        two blobs; the ledger counts it once.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, TypeVar

from azure.core import MatchConditions
from azure.core.exceptions import AzureError
from azure.storage.blob.aio import BlobClient, ContainerClient

from shared.adapters.storage import append_log, failures
from shared.adapters.storage.append_remedies import (
    FULL,
    SDK_ERRORS,
    create_missing,
    unreadable,
    wait_or_give_up,
)
from shared.adapters.storage.archive_store import BlobArchiveStore
from shared.domain import layout
from shared.domain.errors import Transient
from shared.domain.evidence.ledger import blob_numbers, blob_path
from shared.ports.ledger_blobs import Appended, BlobClosed, LedgerBlob, Listing

CLOSED = FULL | {"InvalidBlobType"}
"""A block blob is what a restored backup leaves: nothing can be appended to it."""
REFUSED = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_IMPLEMENTED,
}

Answer = TypeVar("Answer")


class BlobLedgerBlobs:
    """Append blobs below `ledger/` in one container."""

    def __init__(self, container: ContainerClient, archive: BlobArchiveStore) -> None:
        """Write through `container`, which must not retry; read through `archive`."""
        self.container = container
        self.archive = archive

    async def list(self) -> Listing:
        """List the blobs; the answer has the storage's time."""
        dates = Dates()
        found: dict[str, LedgerBlob] = {}
        try:
            async for blob in self.archive.container.list_blobs(
                layout.LEDGER_PREFIX, raw_response_hook=dates.note
            ):
                for number in blob_numbers([blob.name]):
                    found[blob.name] = LedgerBlob(
                        number=number, size=blob.size, created_on=blob.creation_time
                    )
        except AzureError as error:
            if not failures.is_container_missing(error):
                what = failures.describe(error)
                raise Transient(f"list the ledger: {what}") from None
        blobs = tuple(sorted(found.values(), key=lambda blob: blob.number))
        return Listing(blobs=blobs, now=dates.last)

    def read(self, number: int, start: int) -> AsyncIterator[bytes]:
        """Yield the bytes of a blob from `start` on."""
        return self.archive.stream(blob_path(number), start)

    async def create(self, number: int) -> None:
        """Create a blob unless it is there."""
        blob = self.blob(number)

        async def create() -> None:
            try:
                await blob.create_append_blob(match_condition=MatchConditions.IfMissing)
            except AzureError as error:
                if failures.code(error) not in append_log.THERE:
                    raise

        await self.persist("begin a blob of the ledger", create)

    async def append(self, number: int, data: bytes) -> Appended:
        """Append lines wherever the blob ends by then."""
        blob = self.blob(number)

        async def append() -> Appended:
            return await append_block(blob, data)

        return await self.persist("append to the ledger", append)

    async def append_first(self, number: int, data: bytes) -> Appended | None:
        """Append lines at position 0."""
        blob = self.blob(number)

        async def append() -> Appended | None:
            try:
                return await append_block(blob, data, appendpos_condition=0)
            except BlobClosed:
                return None  # another writer has begun it, and closed it since
            except AzureError as error:
                if failures.status(error) != HTTPStatus.PRECONDITION_FAILED:
                    raise
                return None

        return await self.persist("begin a blob of the ledger", append)

    async def seal(self, number: int) -> bool:
        """Seal a blob; return False where the storage does not do that."""
        blob = self.blob(number)

        async def seal() -> bool:
            try:
                await blob.seal_append_blob()
            except AzureError as error:
                if is_refused(error):
                    return False
                if failures.code(error) not in CLOSED:
                    raise
            return True

        return await self.persist("seal a blob of the ledger", seal)

    async def now(self) -> datetime | None:
        """Return the time of an answer."""
        return (await self.list()).now

    def blob(self, number: int) -> BlobClient:
        return self.container.get_blob_client(blob_path(number))

    async def persist(self, what: str, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Call until it succeeds, as long as a caller of the log may wait.

        Raises:
            Transient: it was refused, or the time is up.

        """
        pause, trouble = append_log.FIRST_PAUSE, "no answer"
        try:
            async with asyncio.timeout(append_log.BUDGET):
                while True:
                    try:
                        return await call()
                    except AzureError as error:
                        trouble = await self.remedy(what, error)
                    except SDK_ERRORS as error:
                        trouble = unreadable(error)
                    await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
                    pause = min(pause * 2, append_log.LONGEST_PAUSE)
        except TimeoutError:
            raise Transient(
                f"{what} gave up after {append_log.BUDGET:.0f} s: {trouble}"
            ) from None

    async def remedy(self, what: str, error: AzureError) -> str:
        """Do what may help; return why it failed, or raise `Transient` for good."""
        if failures.is_container_missing(error):
            return await create_missing(self.container) or failures.describe(error)
        return wait_or_give_up(what, error)


class Dates:
    """Takes the storage's time from its answers."""

    def __init__(self) -> None:
        self.last: datetime | None = None

    def note(self, response: Any) -> None:
        try:
            self.last = parsedate_to_datetime(response.http_response.headers["Date"])
        except (*SDK_ERRORS, IndexError):
            return  # an answer without a time, of a proxy for instance


async def append_block(blob: BlobClient, data: bytes, **conditions: Any) -> Appended:
    """Append one block.

    Raises:
        BlobClosed: the blob takes no more.
        AzureError: it failed in another way.

    """
    dates = Dates()
    try:
        answer = await blob.append_block(
            data, length=len(data), raw_response_hook=dates.note, **conditions
        )
    except AzureError as error:
        if failures.code(error) in CLOSED:
            raise BlobClosed("the blob takes no more lines") from None
        raise
    blocks = str(answer.get("blob_committed_block_count", ""))
    return Appended(now=dates.last, blocks=int(blocks) if blocks.isdecimal() else 0)


def is_refused(error: AzureError) -> bool:
    """Return whether the storage says that it does not seal at all."""
    return (
        failures.status(error) in REFUSED
        or failures.is_immutable(error)
        or "NotSupported" in failures.code(error)
    )
