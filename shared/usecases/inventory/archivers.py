"""Ways to have a thread of the inventory archived: in this process, or by the queue."""

from dataclasses import dataclass
from typing import Protocol

from shared.domain.errors import ArchiverError, Unreachable
from shared.domain.inventory.facts import ThreadState
from shared.domain.inventory.state import Thread
from shared.domain.log.work import Work
from shared.ports.work_queue import WorkQueue
from shared.usecases.archive.finalize import Finalize

REASON = "backfill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one thread; `people` are those who were found in it."""

    state: ThreadState
    revision: int = 0
    reason: str = ""
    people: tuple[str, ...] = ()


NOT_DONE = Done(state=ThreadState.FOUND)


class Archiver(Protocol):
    """Has a thread archived, here or elsewhere."""

    async def __call__(self, thread: Thread) -> Done:
        """Archive a thread; what goes wrong is in the result, never raised."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveHere:
    """Archives threads in this process."""

    finalize: Finalize

    async def __call__(self, thread: Thread) -> Done:
        """Finalize a thread."""
        try:
            finalized = await self.finalize(
                thread.id, readers=thread.readers, relist=True
            )
        except Unreachable as error:
            return Done(state=ThreadState.UNREACHABLE, reason=str(error))
        except ArchiverError as error:
            return Done(state=ThreadState.FAILED, reason=str(error))
        if not finalized.revision:
            return Done(state=ThreadState.FAILED, reason="somebody else archives it")
        return Done(
            state=ThreadState.ARCHIVED,
            revision=finalized.revision,
            people=finalized.people,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOnQueue:
    """Leaves threads to the function app."""

    queue: WorkQueue

    async def __call__(self, thread: Thread) -> Done:
        """Queue a thread."""
        work = Work(
            thread_id=thread.id, reason=REASON, readers=thread.readers, relist=True
        )
        try:
            await self.queue.put(work)
        except ArchiverError as error:
            return Done(state=ThreadState.FAILED, reason=str(error))
        return Done(state=ThreadState.QUEUED)
