"""The append log on append blobs: group commit over segments that roll.

Rule 1: per stem, one append is in flight at a time. Lines that arrive meanwhile gather
        and leave together; a lone line leaves at once, nothing waits on a timer.
Rule 2: a caller returns when the block that holds its line is committed, and fails
        exactly when that block failed (P1).
Rule 3: appends carry no position: concurrent appends of several instances are atomic
        and in any order. An append repeated after an ambiguous failure may stand
        twice; replay removes it (P3).
Rule 4: a segment is created with if-none-match and never otherwise: creating over an
        existing append blob truncates it.
Rule 5: everything ends inside `BUDGET`, since Event Grid waits 30 seconds.
"""

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob.aio import BlobClient, ContainerClient

from shared.domain import layout
from shared.domain.errors import Transient
from shared.storage import failures
from shared.storage.clients import create_container

BLOCK_BYTES = 4 * 1024 * 1024
"""A block is closed once it holds this much; one longer line travels alone."""
ROLL_AT = 49_000
"""Blocks after which the next segment is used; the service allows 50,000."""
BUDGET = 20.0
"""Seconds until an append gives up."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0

FULL = {"BlockCountExceedsLimit", "BlobIsSealed", "MaxBlobSizeConditionNotMet"}
TRY_AGAIN = {408, 409, 429, 500, 502, 503, 504, 0}
"""409 is BlobModifiedWhileReading: a listing or a read came in between."""

Waiter = asyncio.Future[None]
STOPPED = "the writer was stopped"


class Remedy(Enum):
    """What helps against a failed append."""

    CREATE = "create"
    ROLL = "roll"
    WAIT = "wait"
    GIVE_UP = "give up"


@dataclass(slots=True)
class Writer:
    """The one writer of a stem in this process."""

    stem: str
    roll: int = 0
    waiting: deque[tuple[bytes, Waiter]] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None


class BlobAppendLog:
    """Appends lines to segments in one container."""

    def __init__(
        self, container: ContainerClient, *, block_bytes: int = BLOCK_BYTES
    ) -> None:
        """Use `container`, whose client must not retry by itself."""
        self.container = container
        self.block_bytes = block_bytes
        self.writers: dict[str, Writer] = {}

    async def append(self, stem: str, line: bytes) -> None:
        """Append a line; see the port."""
        writer = self.writers.setdefault(stem, Writer(stem))
        done: Waiter = asyncio.get_running_loop().create_future()
        writer.waiting.append((line, done))
        if writer.task is None:
            writer.task = asyncio.create_task(self.drain(writer))
        await done

    async def drain(self, writer: Writer) -> None:
        """Commit what waits until nothing does."""
        try:
            while writer.waiting:
                block, waiters = take_block(writer.waiting, self.block_bytes)
                await self.commit_for(writer, block, waiters)
        finally:
            writer.task = None
            # Only a writer that was stopped leaves anybody waiting here.
            settle([waiter for _, waiter in writer.waiting], STOPPED)
            writer.waiting.clear()
            # A segment past the first is remembered: finding it again costs requests.
            if writer.roll == 0:
                del self.writers[writer.stem]

    async def commit_for(
        self, writer: Writer, block: bytes, waiters: list[Waiter]
    ) -> None:
        """Commit a block and tell exactly those whose lines are in it."""
        failure = STOPPED
        try:
            await self.commit(writer, block)
            failure = ""
        except Transient as error:
            failure = str(error)
        finally:
            settle(waiters, failure)

    async def commit(self, writer: Writer, block: bytes) -> None:
        """Append a block to the stem's newest segment, whatever that takes."""
        pause = FIRST_PAUSE
        last = ""
        try:
            async with asyncio.timeout(BUDGET):
                while True:
                    path = layout.segment_path(writer.stem, writer.roll)
                    blob = self.container.get_blob_client(path)
                    try:
                        answer = await blob.append_block(block, length=len(block))
                    except AzureError as error:
                        last = failures.describe(error)
                        remedy = find_remedy(error)
                        if remedy is Remedy.GIVE_UP:
                            raise Transient(f"append refused: {last}") from None
                        if remedy is Remedy.ROLL:
                            writer.roll += 1
                        elif remedy is Remedy.CREATE:
                            await self.create(blob)
                        else:
                            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
                            pause = min(pause * 2, LONGEST_PAUSE)
                    else:
                        if int(str(answer["blob_committed_block_count"])) >= ROLL_AT:
                            writer.roll += 1
                        return
        except TimeoutError:
            raise Transient(f"append gave up after {BUDGET:.0f} s: {last}") from None

    async def create(self, blob: BlobClient) -> None:
        """Create a segment, and its container where infra has not."""
        try:
            await blob.create_append_blob(match_condition=MatchConditions.IfMissing)
        except ResourceExistsError:
            return
        except AzureError as error:
            if failures.is_container_missing(error):
                await create_container(self.container)
            elif failures.status(error) not in TRY_AGAIN:
                raise Transient(f"create: {failures.describe(error)}") from None

    async def close(self) -> None:
        """Wait until everything that waits is committed or has failed."""
        tasks = [one.task for one in self.writers.values() if one.task]
        await asyncio.gather(*tasks, return_exceptions=True)


def settle(waiters: list[Waiter], failure: str) -> None:
    """Tell each waiter the same: committed, or why not."""
    for waiter in waiters:
        if waiter.done():
            continue  # its caller was cancelled
        if failure:
            waiter.set_exception(Transient(failure))
        else:
            waiter.set_result(None)


def take_block(
    waiting: deque[tuple[bytes, Waiter]], limit: int
) -> tuple[bytes, list[Waiter]]:
    """Take whole lines off the front, at least one, up to `limit` bytes."""
    lines: list[bytes] = []
    waiters: list[Waiter] = []
    size = 0
    while waiting and (not lines or size + len(waiting[0][0]) <= limit):
        line, waiter = waiting.popleft()
        lines.append(line)
        waiters.append(waiter)
        size += len(line)
    return b"".join(lines), waiters


def find_remedy(error: AzureError) -> Remedy:
    if failures.is_missing(error):
        return Remedy.CREATE
    if failures.code(error) in FULL:
        return Remedy.ROLL
    # A deadline, a dropped connection and the like have no status.
    if failures.code(error) == "InvalidBlobType":
        return Remedy.GIVE_UP
    return Remedy.WAIT if failures.status(error) in TRY_AGAIN else Remedy.GIVE_UP
