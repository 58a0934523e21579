"""Ways to have a thread of the inventory archived: in this process, or by the queue."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shared.domain.errors import ArchiverError, NotSignedIn, Unreachable
from shared.domain.inventory.facts import ThreadState
from shared.domain.inventory.state import Thread
from shared.domain.log.work import Work
from shared.ports.clock import Clock
from shared.ports.leases import LeaseHeld
from shared.ports.work_queue import WorkQueue
from shared.telemetry import known
from shared.usecases.inventory.sweep_log import SweepLog
from shared.usecases.inventory.waiting import SWEEP, Waiting, look

if TYPE_CHECKING:  # who only queues never imports what archives
    from shared.usecases.archive.finalize import Finalize

PUTS_AT_ONCE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one thread; `people` are those who were found in it.

    `is_put` says whether a message was put on the queue for it just now.
    """

    state: ThreadState
    revision: int = 0
    reason: str = ""
    people: tuple[str, ...] = ()
    is_put: bool = False


NOT_DONE = Done(state=ThreadState.FOUND)


class Archiver(Protocol):
    """Has a thread archived, here or elsewhere."""

    async def __call__(self, thread: Thread) -> Done:
        """Archive a thread; what goes wrong is in the result, never raised."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveHere:
    """Archives threads in this process."""

    finalize: "Finalize"

    async def __call__(self, thread: Thread) -> Done:
        """Finalize a thread."""
        try:
            finalized = await self.finalize(
                thread.id,
                readers=thread.readers,
                relist=True,
                again=thread.state is ThreadState.FAILED,
            )
        except LeaseHeld:
            reason = "another process archives it at this moment"
            return Done(state=ThreadState.FAILED, reason=reason)
        except NotSignedIn:
            raise
        except Unreachable as error:
            return Done(state=ThreadState.UNREACHABLE, reason=str(error))
        except Exception as error:  # noqa: BLE001 - it must not stop the others
            return Done(state=ThreadState.FAILED, reason=str(known(error)))
        return Done(
            state=ThreadState.ARCHIVED,
            revision=finalized.revision,
            people=finalized.people,
        )


@dataclass(slots=True, kw_only=True)
class PutOnQueue:
    """Leaves threads to the function app, each once (P11).

    `by` names who queues, in the sweep log and in the messages. `lets_rest` leaves a
    thread that failed alone for a while; a person who asks for it gets it at once.
    What a sweep has queued is queued once more: its message names no readers and asks
    the service for nothing new.
    """

    queue: WorkQueue
    sweep_log: SweepLog
    clock: Clock
    by: str
    lets_rest: bool = False
    looked: "asyncio.Future[Waiting] | None" = None

    async def __call__(self, thread: Thread) -> Done:
        """Queue a thread, unless it waits already."""
        try:
            waiting = await self.waiting()
            if waiting.holds(thread.id):
                return Done(state=ThreadState.QUEUED)
            if self.lets_rest and (
                waiting.rests(thread.id) or waiting.is_out_of_reach(thread.id)
            ):
                return NOT_DONE
            await self.put(
                Work(
                    thread_id=thread.id,
                    reason=self.by,
                    readers=thread.readers,
                    relist=True,
                    failures=waiting.failures(thread.id),
                )
            )
        except ArchiverError as error:
            return Done(state=ThreadState.FAILED, reason=str(error))
        return Done(state=ThreadState.QUEUED, is_put=True)

    async def waiting(self) -> Waiting:
        """Return what waited when the first thread came; looked up once."""
        if self.looked is None:
            self.looked = asyncio.ensure_future(
                look(self.queue, self.sweep_log, self.clock(), but_by=SWEEP)
            )
        try:
            return await asyncio.shield(self.looked)
        except ArchiverError:
            self.looked = None  # the next thread looks again
            raise

    async def put(self, work: Work) -> None:
        await self.queue.put(work)
        await self.sweep_log.record_queued(self.by, [work.thread_id])


async def put_side_by_side(
    queue: WorkQueue, works: Sequence[Work]
) -> tuple[list[str], list[str]]:
    """Put messages side by side; return the threads that were put, and the failures."""
    turns = asyncio.Semaphore(PUTS_AT_ONCE)

    async def put(work: Work) -> str:
        async with turns:
            try:
                await queue.put(work)
            except ArchiverError as error:
                return f"{work.thread_id}: {error}"
        return ""

    results = await asyncio.gather(*map(put, works))
    pairs = list(zip(works, results, strict=True))
    put_ids = [work.thread_id for work, failure in pairs if not failure]
    return put_ids, [failure for _, failure in pairs if failure]
