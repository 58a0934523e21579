"""What the finalizer does with a message: done, put back, or recorded as what it is.

P11: work that failed is tried again until it is done or named. The queue tries a
message so many times; what happens at the last try is recorded in the sweep log, where
sweep and backfill read it.
"""

from dataclasses import dataclass
from datetime import timedelta

from shared.domain.errors import Unreachable
from shared.domain.log.coverage import MAX_OPEN
from shared.domain.log.work import Work
from shared.ports.clock import Clock
from shared.ports.leases import LeaseHeld
from shared.ports.work_queue import WorkQueue
from shared.telemetry import known
from shared.usecases.archive.finalize import Finalize
from shared.usecases.archive.finalized import Finalized
from shared.usecases.inventory.sweep_log import (
    FailedLine,
    FinalizedLine,
    SweepLog,
    UnreachableLine,
)

TRIES = 5
"""How often the queue gives a message out; `host.json` says the same."""
BACK_AFTER = timedelta(seconds=75)
"""When a message whose thread is held comes back: a lease of a finalizer that was
killed ends after 60 seconds."""
NOTHING_DONE = Finalized(revision=0, written=False, outcomes={})


@dataclass(frozen=True, slots=True, kw_only=True)
class HandleWork:
    """Finalizes the thread of a message."""

    finalize: Finalize
    queue: WorkQueue
    sweep_log: SweepLog
    clock: Clock

    async def __call__(self, work: Work, *, tries: int) -> Finalized:
        """Do what a message asks for; returning acknowledges it.

        `tries` counts how often it was given out, this time included.

        Raises:
            ArchiverError: as `Finalize`; the queue gives the message out again.

        """
        try:
            return await self.handle(work, again=tries > 1 or work.failures > 0)
        except Exception as error:  # noqa: BLE001 - it is raised again below
            failure = error
        # Outside of the handler: an error in recording would carry the other's text.
        if tries >= TRIES:  # P11
            await self.sweep_log.record(
                FailedLine(
                    on=self.clock(),
                    thread_id=work.thread_id,
                    failures=work.failures + 1,
                    reason=str(known(failure)),
                )
            )
        raise failure

    async def handle(self, work: Work, *, again: bool) -> Finalized:
        try:
            finalized = await self.finalize(
                work.thread_id,
                readers=work.readers,
                relist=work.relist,
                is_open=work.reason == MAX_OPEN,
                again=again,
            )
        except LeaseHeld:
            # Another finalizer is at work, and may have begun before what this message
            # is about. Failing instead would use up a try.
            await self.queue.put(work, delay=BACK_AFTER)
            return NOTHING_DONE
        except Unreachable as error:
            await self.sweep_log.record(
                UnreachableLine(
                    on=self.clock(), thread_id=work.thread_id, reason=str(error)
                )
            )
            return NOTHING_DONE
        if work.relist:
            await self.sweep_log.record(
                FinalizedLine(
                    on=self.clock(),
                    thread_id=work.thread_id,
                    revision=finalized.revision,
                )
            )
        return finalized
