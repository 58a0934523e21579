"""Settle: what became of the threads that a run has left to the queue.

A thread that was queued is not an archived one: its message may have ended on the
poison queue, or nobody may read it. So the archive is asked, and the sweep log, where
the function app records what it could not do.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from shared.domain.archive.manifest import Manifest
from shared.domain.errors import ArchiverError
from shared.domain.inventory.facts import ThreadDone, ThreadState
from shared.domain.inventory.state import SETTLING, Thread
from shared.domain.times import parse_time
from shared.ports.archive_store import ArchiveStore
from shared.ports.clock import Clock
from shared.ports.work_queue import WorkQueue
from shared.usecases.evidence.revisions import newest_manifest
from shared.usecases.inventory.runs import BackfillRun, batches
from shared.usecases.inventory.sweep_log import SweepLog
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
        if not queued:
            return
        since = min(queued_on(thread) or self.clock() for thread in queued)
        waiting = await look(self.queue, self.sweep_log, self.clock(), since=since)
        over = [thread for thread in queued if not waiting.holds(thread.id)]
        for some in batches(over, AT_ONCE):
            facts = await asyncio.gather(
                *(self.outcome_of(thread, waiting) for thread in some)
            )
            await run.record(*filter(None, facts))

    async def outcome_of(self, thread: Thread, waiting: Waiting) -> ThreadDone | None:
        state, revision, reason = ThreadState.FAILED, 0, LOST
        unreachable = waiting.unreachable.get(thread.id)
        failed = waiting.failed.get(thread.id)
        if unreachable and is_after(unreachable.on, thread):
            state, reason = ThreadState.UNREACHABLE, unreachable.reason
        elif failed and is_after(failed.on, thread):
            reason = failed.reason
        elif is_recent(thread, self.clock()):
            return None  # it may be at work at this moment
        try:
            manifest = await newest_manifest(self.archive, thread.id)
            if manifest and holds_the_last_of(thread, manifest):
                state, revision, reason = ThreadState.ARCHIVED, manifest.revision, ""
        except ArchiverError as error:
            reason = str(error)
        # When it was queued stays: it is what a later message is compared with.
        return thread.done(state, on=thread.done_on, revision=revision, reason=reason)


def queued_on(thread: Thread) -> datetime | None:
    return parse_time(thread.done_on)


def is_after(on: datetime, thread: Thread) -> bool:
    queued = queued_on(thread)
    return queued is None or on >= queued


def is_recent(thread: Thread, now: datetime) -> bool:
    """Return whether a thread was queued so recently that it may be under way."""
    queued = queued_on(thread)
    return queued is not None and now - queued < SETTLED_AFTER


def holds_the_last_of(thread: Thread, manifest: Manifest) -> bool:
    """Return whether a revision has what was said last, or is clearly younger."""
    last = parse_time(thread.last_message_on)
    archived = parse_time(manifest.archived_on)
    newest = parse_time(str(manifest.content["counts"]["last_message_on"]))
    if last is None:
        return True
    is_younger = archived is not None and archived >= last + SETTLING
    return is_younger or (newest is not None and newest >= last)
