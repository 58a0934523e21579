"""The append log on append blobs: group commit over segments that roll.

Rule 1: per stem, one append is in flight at a time. Lines that arrive meanwhile gather
        and are appended together; a single line is appended at once. There is no timer.
Rule 2: a caller returns when the block that holds its line is committed, and fails
        exactly when that block failed (P1). A block fails when its oldest line has
        waited `BUDGET`.
Rule 3: stems take turns, first come, first served, at most `most_appends` at once:
        more would not go faster, since this process is the limit, and would make
        smaller blocks.
Rule 4: waiting lines share a byte budget; without a share of it, the caller waits, and
        its line is not queued yet.
Rule 5: appends carry no position: concurrent appends of several instances are atomic
        and in any order. An append repeated after an ambiguous failure may be in the
        log twice; replay removes the duplicate (P3).
Rule 6: a segment is created with if-none-match and never otherwise: creating over an
        existing append blob truncates it.
"""

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from azure.core import MatchConditions
from azure.core.exceptions import AzureError
from azure.storage.blob.aio import BlobClient, ContainerClient

from shared.adapters.storage import failures
from shared.adapters.storage.append_remedies import (
    SDK_ERRORS,
    Remedy,
    create_missing,
    find_remedy,
    unreadable,
    wait_or_give_up,
)
from shared.adapters.storage.byte_budget import ByteBudget
from shared.domain import layout
from shared.domain.errors import Transient

BLOCK_BYTES = 4 * 1024 * 1024
"""Most bytes of a block; a longer line is a block of its own."""
BLOCK_LINES = 10_000
MOST_APPENDS = 16
"""Appends in flight. Each costs this process about a millisecond of CPU time."""
WAITING_BYTES = 64 * 1024 * 1024
ROLL_AT = 49_000
"""Blocks after which the next segment begins; the service allows 50,000."""
BUDGET = 20.0
"""Seconds until a caller gives up: Event Grid waits 30 for the whole delivery."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
MOST_WRITERS = 256
"""Idle writers are cached up to this number for their blob clients, of 32 kB each."""

THERE = {"BlobAlreadyExists", "ConditionNotMet"}
"""Another instance was faster; some paths of the service answer 412."""
STOPPED = "the writer was stopped"

Waiter = asyncio.Future[None]


class PendingLine(NamedTuple):
    """A waiting line, the future of its caller, and its deadline in the loop's time."""

    data: bytes
    waiter: Waiter
    deadline: float


@dataclass(slots=True)
class Writer:
    """The one writer of a stem in this process."""

    stem: str
    roll: int = 0
    waiting: deque[PendingLine] = field(default_factory=deque)
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
        """Append a line as part of the stem's next block."""
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
            writer.waiting.append(PendingLine(line, waiter, deadline))
            if writer.task is None:
                writer.task = asyncio.create_task(self.drain(writer))
            await waiter
        finally:
            self.budget.release(size)

    async def drain(self, writer: Writer) -> None:
        """Commit waiting lines until there are none."""
        try:
            while writer.waiting:
                # The block is cut only when our turn has come: whatever arrives until
                # then is part of it, so that a busy process makes larger blocks.
                async with self.turns:
                    lines = next_block(writer.waiting, self.block_bytes)
                    if lines:
                        await self.commit_and_settle(writer, lines)
        finally:
            writer.task = None
            # Callers are left waiting here only if this task was cancelled.
            settle(writer.waiting, STOPPED)
            writer.waiting.clear()
            self.evict_idle(writer)

    def evict_idle(self, newest: Writer) -> None:
        """Cache `newest` for the next line of its stem; evict the longest idle."""
        self.writers.move_to_end(newest.stem)
        while len(self.writers) > MOST_WRITERS:
            oldest = next(iter(self.writers.values()))
            if oldest.task is not None:
                return
            del self.writers[oldest.stem]

    async def commit_and_settle(self, writer: Writer, lines: list[PendingLine]) -> None:
        """Commit a block, and report the result to exactly the callers in it."""
        failure = STOPPED
        try:
            await self.commit(writer, lines)
            failure = ""
        except Transient as error:
            failure = str(error)
        except Exception as error:  # noqa: BLE001 - the writer outlives any block
            failure = f"append failed: unexpected {type(error).__name__}"
        finally:
            settle(lines, failure)

    async def commit(self, writer: Writer, lines: list[PendingLine]) -> None:
        """Append a block, retrying until its oldest line has used up its time."""
        block = b"".join([line.data for line in lines])
        pause = FIRST_PAUSE
        trouble = "no answer"
        tried: set[Remedy] = set()
        try:
            async with asyncio.timeout_at(lines[0].deadline):
                # Our own loop instead of the SDK's, whose first pause alone is 15 s and
                # which can neither create nor roll a segment. A block may have been
                # committed although no answer came, and is then appended twice: a
                # duplicate is harmless (P3), a lost event is not (P1).
                while True:
                    blob = self.open(writer)
                    try:
                        answer = await blob.append_block(block, length=len(block))
                        break
                    except AzureError as error:
                        trouble = failures.describe(error)
                        remedy = find_remedy(error)
                    except SDK_ERRORS as error:
                        trouble = unreadable(error)
                        remedy = Remedy.WAIT
                    if remedy is Remedy.GIVE_UP:
                        raise Transient(f"append refused: {trouble}")
                    still = await self.apply(remedy, writer, blob)
                    trouble = still or trouble
                    # What helps does so the first time; after that the service
                    # contradicts itself, and asking at once would be a storm.
                    if still or remedy is Remedy.WAIT or remedy in tried:
                        await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
                        pause = min(pause * 2, LONGEST_PAUSE)
                    tried.add(remedy)
        except TimeoutError:
            raise Transient(f"append gave up after {BUDGET:.0f} s: {trouble}") from None
        if is_nearly_full(answer):
            writer.next_segment()

    async def apply(self, remedy: Remedy, writer: Writer, blob: BlobClient) -> str:
        """Do what may help; return why to wait before the next try, "" for nothing."""
        if remedy is Remedy.ROLL:
            writer.next_segment()
        if remedy is Remedy.CREATE:
            return await self.create(blob)
        return ""

    def open(self, writer: Writer) -> BlobClient:
        """Return the client of the writer's segment; creating one is expensive."""
        if writer.blob is None:
            path = layout.segment_path(writer.stem, writer.roll)
            writer.blob = self.container.get_blob_client(path)
        return writer.blob

    async def create(self, blob: BlobClient) -> str:
        """Create a segment, and its container if the deployment has not.

        Return "" if the segment may be there now, else why to wait: a container that is
        being deleted, for instance, can neither be used nor created for a while.
        """
        try:
            # Another instance may have created it just now, and appended to it:
            # creating over an existing append blob would truncate it.
            await blob.create_append_blob(match_condition=MatchConditions.IfMissing)
        except AzureError as error:
            if failures.code(error) in THERE:
                return ""
            if not failures.is_container_missing(error):
                return wait_or_give_up("create a segment", error)
            return await create_missing(self.container)
        except SDK_ERRORS as error:
            return unreadable(error)
        return ""

    async def close(self) -> None:
        """Wait until every waiting line is committed or has failed."""
        tasks = [writer.task for writer in self.writers.values() if writer.task]
        await asyncio.gather(*tasks, return_exceptions=True)


def settle(lines: Iterable[PendingLine], failure: str) -> None:
    """Report one result to all callers: committed if `failure` is "", else failed."""
    for line in lines:
        if line.waiter.done():
            continue  # its caller was cancelled
        if failure:
            line.waiter.set_exception(Transient(failure))
        else:
            line.waiter.set_result(None)


def next_block(waiting: deque[PendingLine], limit: int) -> list[PendingLine]:
    """Remove and return whole lines from the front, up to `limit` bytes.

    A longer line comes alone. A line whose caller was cancelled is dropped, since its
    event is not acknowledged; if all were cancelled, nothing is returned.
    """
    lines: list[PendingLine] = []
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


def is_nearly_full(answer: Mapping[str, Any]) -> bool:
    """Return whether a segment should be left; not known where no count came along.

    The block is committed either way, so a missing count must not fail its lines.
    """
    try:
        return int(answer["blob_committed_block_count"]) >= ROLL_AT
    except SDK_ERRORS:
        return False
