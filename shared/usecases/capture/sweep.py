"""Sweep: one listing of the log finds the threads that are due; prunes what is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared import telemetry
from shared.domain import layout
from shared.domain.errors import ArchiverError
from shared.domain.log.coverage import WHOLE_PASS, ThreadLog, why_due
from shared.domain.log.work import Work
from shared.domain.words import plural
from shared.ports.append_log import ThreadLogs
from shared.ports.clock import Clock
from shared.ports.work_queue import MeasuredQueue, WorkQueue
from shared.telemetry import known
from shared.usecases.capture.prune import Prune
from shared.usecases.capture.rescue import Rescue
from shared.usecases.evidence.ledger import Ledger
from shared.usecases.evidence.ledger_tail import ClosedBlob
from shared.usecases.inventory.archivers import put_side_by_side
from shared.usecases.inventory.sweep_log import BATCH, BeganLine, SweepLine, SweepLog
from shared.usecases.inventory.waiting import SWEEP, Waiting, look

if TYPE_CHECKING:  # it archives too, and most sweeps have none
    from shared.usecases.inventory.discover import Discover


MOST_NAMED = 20
"""Failures that an error names: thousands would make a text of megabytes."""


@dataclass(slots=True, kw_only=True)
class Swept:
    """What a sweep saw and did. `failures` hold a sentence for each thread."""

    threads: int = 0
    queued: int = 0
    waiting: int = 0
    """Threads that are due and were not queued: they wait on the queue, or rest."""
    closed_blobs: int = 0
    newest_closed: ClosedBlob | None = None
    """The last blob of the ledger that anybody closed: a checkpoint, to be logged."""
    pruned_segments: int = 0
    failures: list[str] = field(default_factory=list)
    next_due_on: datetime | None = None
    """When the next sweep begins; None where nobody knows."""

    @property
    def summary(self) -> str:
        """What failed, in a text that stays short however much did."""
        count = len(self.failures)
        lines = [f"{plural(count, 'thread')} failed:", *self.failures[:MOST_NAMED]]
        if count > MOST_NAMED:
            lines.append(f"and {count - MOST_NAMED} more")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Finds work. Its only state is the sweep log, and that can be lost."""

    log: ThreadLogs
    prune: Prune
    queue: WorkQueue
    poison: MeasuredQueue
    events_poison: MeasuredQueue
    rescue: Rescue
    discover: "Discover | None" = None
    """Finds threads where no events announce them."""
    ledger: Ledger
    sweep_log: SweepLog
    clock: Clock
    quiet_for: timedelta
    max_open: timedelta
    next_due: Callable[[datetime], datetime | None] = lambda _: None
    """Returns when the next sweep begins, by the schedule; None where nobody knows."""
    python: str = ""
    lock: str = ""

    async def __call__(self) -> Swept:
        """Queue every due thread, prune every covered segment, close the ledger's day.

        One thread that fails does not stop the others.

        Raises:
            Transient: the log could not be listed, or what waits could not be read.

        """
        swept = Swept()
        began = self.clock()
        waiting = await look(self.queue, self.sweep_log, began)
        # A sweep that was stopped goes on where it was; the next one sees all again.
        resume_after = (
            layout.thread_folder(waiting.resume_after) if waiting.resume_after else ""
        )
        await self.record(BeganLine(on=began), swept)
        due: list[Work] = []
        async for thread in self.log.threads():
            if not thread.thread_id:
                swept.failures.append(f"log: {thread.folder!r} is no thread's folder")
                continue
            if layout.thread_folder(thread.thread_id) <= resume_after:
                continue
            swept.threads += 1
            try:
                if why := self.why_due(thread, began):
                    due += self.due_work(thread, why, waiting, swept)
                swept.pruned_segments += await self.prune(
                    thread, began, is_due=bool(why)
                )
            except Exception as error:  # noqa: BLE001 - it must not stop the others
                swept.failures.append(f"{thread.thread_id}: {known(error)}")
            if len(due) >= BATCH:
                await self.put(due, swept)
                due = []
        due += await self.prune_quarantine(began, waiting, swept)
        await self.put(due, swept)
        await self.ask_readers(swept)
        await self.close_ledger(swept)
        await self.record(self.line_of(swept, began), swept)
        await self.report_metrics(swept)
        try:
            await self.rescue()
        except ArchiverError as error:
            swept.failures.append(f"poison queue: {error}")
        return swept

    def why_due(self, thread: ThreadLog, now: datetime) -> str:
        return why_due(
            thread, now=now, quiet_for=self.quiet_for, max_open=self.max_open
        )

    def due_work(
        self, thread: ThreadLog, reason: str, waiting: Waiting, swept: Swept
    ) -> list[Work]:
        """Return what to queue for a thread that is due; empty while it waits."""
        name, settled_on = thread.thread_id, thread.settled_on
        if waiting.holds(name, settled_on) or waiting.rests(name, settled_on):  # P11
            swept.waiting += 1
            return []
        failures = waiting.failures(name, settled_on)
        return [
            Work(
                thread_id=name,
                reason=reason,
                relist=reason == WHOLE_PASS,
                failures=failures,
            )
        ]

    async def prune_quarantine(
        self, now: datetime, waiting: Waiting, swept: Swept
    ) -> list[Work]:
        """Prune quarantine; return what to queue so that the rest can go in time."""
        due: list[Work] = []
        async for thread_id in self.log.quarantined():
            try:
                pruned, is_left = await self.prune.quarantine(thread_id, now)
                swept.pruned_segments += pruned
                if is_left:
                    thread = await self.log.thread(thread_id)
                    due += self.due_work(thread, "quarantine", waiting, swept)
            except Exception as error:  # noqa: BLE001 - it must not stop the others
                swept.failures.append(f"{thread_id}: {known(error)}")
        return due

    async def put(self, due: Sequence[Work], swept: Swept) -> None:
        """Queue threads side by side, then record them (P11)."""
        put_ids, failures = await put_side_by_side(self.queue, due)
        swept.queued += len(put_ids)
        swept.failures += failures
        try:
            await self.sweep_log.record_queued(SWEEP, put_ids)
        except ArchiverError as error:
            swept.failures.append(f"sweep log: {error}")

    async def record(self, line: BeganLine | SweepLine, swept: Swept) -> None:
        try:
            await self.sweep_log.record(line)
        except ArchiverError as error:
            swept.failures.append(f"sweep log: {error}")

    def line_of(self, swept: Swept, began: datetime) -> SweepLine:
        swept.next_due_on = self.next_due(self.clock())
        return SweepLine(
            on=began,
            threads=swept.threads,
            queued=swept.queued,
            closed_blobs=swept.closed_blobs,
            pruned_segments=swept.pruned_segments,
            failures=len(swept.failures),
            next_due_on=swept.next_due_on,
            python=self.python,
            lock=self.lock,
        )

    async def close_ledger(self, swept: Swept) -> None:
        """Close the ledger's day if it is over; say what was closed last."""
        try:
            closed = await self.ledger.close_if_over()
            swept.closed_blobs = int(closed is not None)
            swept.newest_closed = closed or await self.ledger.newest_closed()
        except ArchiverError as error:
            swept.failures.append(f"ledger: {error}")
        swept.failures += [f"ledger: {why}" for why in self.ledger.failures[:1]]

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
        poison_queues = (
            (telemetry.QUEUE_POISONED, self.poison),
            (telemetry.EVENTS_POISONED, self.events_poison),
        )
        for gauge, queue in poison_queues:
            try:
                gauge.set(await queue.depth())
            except ArchiverError as error:
                swept.failures.append(f"poison queue: {error}")
        telemetry.SWEEPS_COMPLETED.add(1)
        if swept.next_due_on:
            telemetry.SWEEP_NEXT_DUE.set(swept.next_due_on.timestamp())
        telemetry.SWEPT_THREADS.add(swept.threads)
        telemetry.SWEPT_QUEUED.add(swept.queued)
        telemetry.SWEEP_FAILURES.add(len(swept.failures))
