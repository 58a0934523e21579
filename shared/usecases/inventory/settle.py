"""Settle: what became of the threads that a run has left to the queue.

A thread that was queued is not an archived one: its message may have ended on the
poison queue, or nobody may read it. So the sweep log is asked, where the function app
records what became of it, and the archive: a revision that is younger than the message,
and than a failure, was made since. An older one proves nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.errors import ArchiverError
from shared.domain.evidence.manifest import Manifest
from shared.domain.inventory.facts import Fact, ThreadDone, ThreadState
from shared.domain.inventory.state import Thread
from shared.domain.times import parse_time
from shared.ports.archive_store import ArchiveStore
from shared.ports.clock import Clock
from shared.ports.work_queue import WorkQueue
from shared.usecases.evidence.thread_archive import newest_manifest
from shared.usecases.inventory.runs import BackfillRun, batches
from shared.usecases.inventory.sweep_log import (
    FailedLine,
    FinalizedLine,
    SweepLog,
    UnreachableLine,
)
from shared.usecases.inventory.waiting import SETTLED_AFTER, Waiting, look

AT_ONCE = 16
"""Threads whose archives are asked for at once."""
LOST = "queued, and not archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Records what became of queued threads that wait no more."""

    archive: ArchiveStore
    queue: WorkQueue
    sweep_log: SweepLog
    clock: Clock

    async def __call__(self, run: BackfillRun) -> None:
        """Settle what the run says is queued.

        Raises:
            Transient: queue or control container cannot be reached.

        """
        queued = [
            thread
            for thread in run.inventory.threads.values()
            if thread.state is ThreadState.QUEUED
        ]
        async for facts in self.outcomes(queued):
            await run.record(*facts)

    async def outcomes(self, queued: Sequence[Thread]) -> AsyncIterator[list[Fact]]:
        """Yield what became of those of some queued threads that wait no more.

        Raises:
            Transient: queue or control container cannot be reached.

        """
        if not queued:
            return
        since = min(queued_on(thread) or self.clock() for thread in queued)
        waiting = await look(self.queue, self.sweep_log, self.clock(), since=since)
        over = [thread for thread in queued if not waiting.holds(thread.id)]
        for some in batches(over, AT_ONCE):
            facts = await asyncio.gather(
                *(self.outcome_of(thread, waiting) for thread in some)
            )
            yield [fact for fact in facts if fact]

    async def outcome_of(self, thread: Thread, waiting: Waiting) -> ThreadDone | None:
        state, revision, reason = ThreadState.FAILED, 0, LOST
        outcome = waiting.outcomes.get(thread.id)
        queued = after = queued_on(thread)
        if outcome and (queued is None or outcome.on >= queued):
            after = outcome.on
        else:
            outcome = None
        match outcome:
            case FinalizedLine():
                state, revision, reason = ThreadState.ARCHIVED, outcome.revision, ""
            case UnreachableLine():
                state, reason = ThreadState.UNREACHABLE, outcome.reason
            case FailedLine():
                reason = outcome.reason
            case None if is_recent(thread, self.clock()):
                return None  # it may be at work at this moment
        try:
            manifest = await newest_manifest(self.archive, thread.id)
            if manifest and is_newer(manifest, after):
                state, revision, reason = ThreadState.ARCHIVED, manifest.revision, ""
        except ArchiverError as error:
            state, reason = ThreadState.FAILED, str(error)
        # When it was queued stays: it is what a later message is compared with.
        return thread.done(state, on=thread.done_on, revision=revision, reason=reason)


def queued_on(thread: Thread) -> datetime | None:
    return parse_time(thread.done_on)


def is_recent(thread: Thread, now: datetime) -> bool:
    """Return whether a thread was queued so recently that it may be under way."""
    queued = queued_on(thread)
    return queued is not None and now - queued < SETTLED_AFTER


def is_newer(manifest: Manifest, after: datetime | None) -> bool:
    archived = parse_time(manifest.written_on)
    return after is None or (archived is not None and archived >= after)
