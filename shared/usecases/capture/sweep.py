"""Sweep: one listing of the log finds the threads that are due; prunes what is done."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared import telemetry
from shared.domain import layout
from shared.domain.errors import ArchiverError, IntegrityError
from shared.domain.log.coverage import ThreadLog, covered_size, why_due
from shared.domain.log.work import Work
from shared.domain.times import format_time
from shared.ports.append_log import AppendLog, ThreadLogs
from shared.ports.archive_store import ArchiveStore
from shared.ports.clock import Clock
from shared.ports.work_queue import MeasuredQueue, WorkQueue
from shared.usecases.capture.sweep_log import SweepLine, append_sweep
from shared.usecases.evidence.ledger import CloseLedger
from shared.usecases.evidence.revisions import newest_manifest

if TYPE_CHECKING:  # it archives too, and most sweeps have none
    from shared.usecases.inventory.discover import Discover


@dataclass(slots=True, kw_only=True)
class Swept:
    """What a sweep saw and did. `failures` hold a sentence for each thread."""

    threads: int = 0
    queued: int = 0
    closed_days: int = 0
    pruned_segments: int = 0
    failures: list[str] = field(default_factory=list)

    def line(self, began: datetime) -> SweepLine:
        """Return the line of the sweep log."""
        return SweepLine(
            on=format_time(began),
            threads=self.threads,
            queued=self.queued,
            closed_days=self.closed_days,
            pruned_segments=self.pruned_segments,
            failures=len(self.failures),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Finds work. It keeps no state: what a sweep misses, the next one sees."""

    log: ThreadLogs
    archive: ArchiveStore
    queue: WorkQueue
    poison: MeasuredQueue
    discover: "Discover | None" = None
    """Finds threads where no events announce them."""
    close_ledger: CloseLedger
    sweep_log: AppendLog
    clock: Clock
    quiet_for: timedelta
    max_open: timedelta
    log_keep: timedelta

    async def __call__(self) -> Swept:
        """Queue every due thread, prune every covered segment, close the ledger's days.

        One thread that fails does not stop the others.

        Raises:
            Transient: the listing itself failed.

        """
        swept = Swept()
        now = self.clock()
        async for thread in self.log.threads():
            swept.threads += 1
            try:
                await self.queue_or_prune(thread, now, swept)
            except ArchiverError as error:
                swept.failures.append(f"{thread.thread_id}: {error}")
        await self.ask_readers(swept)
        try:
            swept.closed_days = await self.close_ledger()
        except ArchiverError as error:
            swept.failures.append(f"ledger: {error}")
        try:
            await append_sweep(self.sweep_log, swept.line(now), now)
        except ArchiverError as error:
            swept.failures.append(f"sweep log: {error}")
        await self.report_metrics(swept)
        return swept

    async def ask_readers(self, swept: Swept) -> None:
        if self.discover is None:
            return
        try:
            found = await self.discover()
        except ArchiverError as error:
            swept.failures.append(f"discovery: {error}")
            return
        swept.threads += found.threads
        swept.queued += found.queued
        swept.failures += found.failures

    async def report_metrics(self, swept: Swept) -> None:
        """Report metrics; what cannot be measured is a failure like any other."""
        try:
            telemetry.QUEUE_POISONED.set(await self.poison.depth())
        except ArchiverError as error:
            swept.failures.append(f"poison queue: {error}")
        telemetry.SWEEPS_COMPLETED.add(1)
        telemetry.SWEPT_THREADS.add(swept.threads)
        telemetry.SWEPT_QUEUED.add(swept.queued)
        telemetry.SWEEP_FAILURES.add(len(swept.failures))

    async def queue_or_prune(
        self, thread: ThreadLog, now: datetime, swept: Swept
    ) -> None:
        reason = why_due(
            thread, now=now, quiet_for=self.quiet_for, max_open=self.max_open
        )
        if reason:
            await self.queue.put(Work(thread_id=thread.thread_id, reason=reason))
            swept.queued += 1
        elif self.log_keep:
            swept.pruned_segments += await self.prune(thread, now)

    async def prune(self, thread: ThreadLog, now: datetime) -> int:
        """Remove segments that an archive holds; give how many (P7).

        The manifest itself is asked, not only the marker, and a segment that changed
        since the listing stays.
        """
        old = [
            one
            for one in thread.segments
            if now - one.modified_on >= self.log_keep
            and layout.segment_day(one.path) != now.date()
        ]
        if not old and thread.segments:
            return 0
        manifest = await newest_manifest(self.archive, thread.thread_id)
        if manifest is None:
            raise IntegrityError(
                "a marker stands without a revision; nothing was pruned"
            )
        pruned = 0
        for segment in old:
            if covered_size(segment, manifest.covers) < segment.size:
                raise IntegrityError(
                    "a marker covers what no manifest does; nothing was pruned"
                )
            pruned += await self.log.prune(segment)  # P7
        if pruned == len(thread.segments):
            # Without segments the markers say nothing that the manifests do not.
            for revision in thread.markers:
                await self.log.unmark(thread.thread_id, revision)
        return pruned
