"""The append log on append blobs: group commit over segments that roll.

Rule 1: per stem, one append is in flight at a time. Lines that arrive meanwhile gather
        and leave together; a lone line leaves at once, nothing waits on a timer.
Rule 2: a caller returns when the block that holds its line is committed, and fails
        exactly when that block failed (P1). A block fails when its oldest line has
        waited `BUDGET`.
Rule 3: stems take turns, first come, first served, at most `most_appends` at once:
        more could not go faster than this process, and would gather less.
Rule 4: lines that wait take bounded memory; a caller waits for room, not its line.
Rule 5: appends carry no position: concurrent appends of several instances are atomic
        and in any order. An append repeated after an ambiguous failure may stand
        twice; replay removes it (P3).
Rule 6: a segment is created with if-none-match and never otherwise: creating over an
        existing append blob truncates it.
"""

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob.aio import BlobClient, ContainerClient

from shared.adapters.storage import failures
from shared.adapters.storage.byte_budget import ByteBudget
from shared.adapters.storage.clients import create_container
from shared.domain import layout
from shared.domain.errors import Transient

BLOCK_BYTES = 4 * 1024 * 1024
"""A block is closed once it holds this much; one longer line travels alone."""
BLOCK_LINES = 10_000
MOST_APPENDS = 16
"""Appends in flight. One costs this process about a millisecond of its own time."""
WAITING_BYTES = 64 * 1024 * 1024
ROLL_AT = 49_000
"""Blocks after which the next segment is used; the service allows 50,000."""
BUDGET = 20.0
"""Seconds until a caller gives up: Event Grid waits 30 for the whole delivery."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
KEPT_WRITERS = 256
"""Idle writers kept for their blob clients, at about 32 kB each."""

FULL = {"BlockCountExceedsLimit", "BlobIsSealed", "MaxBlobSizeConditionNotMet"}
TRY_AGAIN = {408, 409, 429, 500, 502, 503, 504, 0}
"""409 is BlobModifiedWhileReading: a listing or a read came in between."""
SLIPS = (TypeError, ValueError, KeyError, AttributeError)
"""What the SDK lets slip on an error answer that is not the service's own: a load
balancer's, say, which has no code or no message."""
STOPPED = "the writer was stopped"

Waiter = asyncio.Future[None]


class Line(NamedTuple):
    """A line that waits, whom to tell, and by when (in the loop's time)."""

    data: bytes
    waiter: Waiter
    deadline: float


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
    waiting: deque[Line] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None
    blob: BlobClient | None = None

    def next_segment(self) -> None:
        self.roll += 1
        self.blob = None


class BlobAppendLog:
    """Appends lines to segments in one container."""

    def __init__(
        self,
        container: ContainerClient,
        *,
        block_bytes: int = BLOCK_BYTES,
        most_appends: int = MOST_APPENDS,
        waiting_bytes: int = WAITING_BYTES,
    ) -> None:
        """Use `container`, whose client must not retry by itself."""
        self.container = container
        self.block_bytes = block_bytes
        self.turns = asyncio.Semaphore(most_appends)
        self.budget = ByteBudget(waiting_bytes)
        self.writers: OrderedDict[str, Writer] = OrderedDict()

    async def append(self, stem: str, line: bytes) -> None:
        """Append a line."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + BUDGET
        size = len(line)
        if not self.budget.try_acquire(size):
            await self.budget.acquire(size)
        try:
            writer = self.writers.get(stem)
            if writer is None:
                writer = self.writers[stem] = Writer(stem)
            waiter: Waiter = loop.create_future()
            writer.waiting.append(Line(line, waiter, deadline))
            if writer.task is None:
                writer.task = asyncio.create_task(self.drain(writer))
            await waiter
        finally:
            self.budget.release(size)

    async def drain(self, writer: Writer) -> None:
        """Commit what waits until nothing does."""
        try:
            while writer.waiting:
                async with self.turns:  # what arrives before our turn comes along
                    lines = next_block(writer.waiting, self.block_bytes)
                    if lines:
                        await self.commit_for(writer, lines)
        finally:
            writer.task = None
            # Only a writer that was stopped leaves anybody waiting here.
            settle(writer.waiting, STOPPED)
            writer.waiting.clear()
            self.keep(writer)

    def keep(self, writer: Writer) -> None:
        """Keep an idle writer for the next line; let go of the longest idle ones."""
        self.writers.move_to_end(writer.stem)
        while len(self.writers) > KEPT_WRITERS:
            oldest = next(iter(self.writers.values()))
            if oldest.task is not None:
                return
            del self.writers[oldest.stem]

    async def commit_for(self, writer: Writer, lines: list[Line]) -> None:
        """Commit a block and tell exactly those whose lines are in it."""
        failure = STOPPED
        try:
            await self.commit(writer, lines)
            failure = ""
        except Transient as error:
            failure = str(error)
        finally:
            settle(lines, failure)

    async def commit(self, writer: Writer, lines: list[Line]) -> None:
        """Append a block, whatever that takes, until its oldest line gives up."""
        block = b"".join([line.data for line in lines])
        pause = FIRST_PAUSE
        trouble = "no answer"
        try:
            async with asyncio.timeout_at(lines[0].deadline):
                while True:
                    blob = self.open(writer)
                    try:
                        answer = await blob.append_block(block, length=len(block))
                        break
                    except AzureError as error:
                        trouble = failures.describe(error)
                        remedy = find_remedy(error)
                    except SLIPS as error:
                        trouble = f"an answer that is none: {type(error).__name__}"
                        remedy = Remedy.WAIT
                    if remedy is Remedy.GIVE_UP:
                        raise Transient(f"append refused: {trouble}")
                    if remedy is Remedy.ROLL:
                        writer.next_segment()
                    elif remedy is Remedy.CREATE:
                        await self.create(blob)
                    else:
                        await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
                        pause = min(pause * 2, LONGEST_PAUSE)
        except TimeoutError:
            raise Transient(f"append gave up after {BUDGET:.0f} s: {trouble}") from None
        if int(str(answer["blob_committed_block_count"])) >= ROLL_AT:
            writer.next_segment()

    def open(self, writer: Writer) -> BlobClient:
        """Return the client of the writer's segment; making one is dear."""
        if writer.blob is None:
            path = layout.segment_path(writer.stem, writer.roll)
            writer.blob = self.container.get_blob_client(path)
        return writer.blob

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
        tasks = [writer.task for writer in self.writers.values() if writer.task]
        await asyncio.gather(*tasks, return_exceptions=True)


def settle(lines: Iterable[Line], failure: str) -> None:
    """Tell each caller the same: committed, or why not."""
    for line in lines:
        if line.waiter.done():
            continue  # its caller was cancelled
        if failure:
            line.waiter.set_exception(Transient(failure))
        else:
            line.waiter.set_result(None)


def next_block(waiting: deque[Line], limit: int) -> list[Line]:
    """Take whole lines off the front, at least one, up to `limit` bytes.

    A line whose caller was cancelled is dropped: its event is not acknowledged.
    """
    lines: list[Line] = []
    size = 0
    while waiting and len(lines) < BLOCK_LINES:
        size += len(waiting[0].data)
        if lines and size > limit:
            break
        line = waiting.popleft()
        if line.waiter.done():
            size -= len(line.data)
        else:
            lines.append(line)
    return lines


def find_remedy(error: AzureError) -> Remedy:
    if failures.is_missing(error):
        return Remedy.CREATE
    if failures.code(error) in FULL:
        return Remedy.ROLL
    # A deadline, a dropped connection and the like have no status.
    if failures.code(error) == "InvalidBlobType":
        return Remedy.GIVE_UP
    return Remedy.WAIT if failures.status(error) in TRY_AGAIN else Remedy.GIVE_UP
