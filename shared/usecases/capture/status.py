"""Status: what is going on now, read from where it stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain import json_line, layout
from shared.domain.errors import ArchiverError, InvalidEvent
from shared.domain.log.coverage import Segment, why_due
from shared.domain.log.event import interpret
from shared.domain.log.record import read_records
from shared.domain.times import format_time, parse_time
from shared.domain.words import plural
from shared.ports.append_log import ThreadLogs
from shared.ports.archive_store import ArchiveFiles
from shared.ports.clock import Clock
from shared.ports.unprocessed_events import UnprocessedEvents
from shared.ports.work_queue import MeasuredQueue
from shared.usecases.inventory.sweep_log import SweepLine, SweepLog

LAST_LINE = 256 * 1024
"""How much of a segment's end is read: an event has 64 KiB at most, a batch more."""
SWEEPS_LOOKED_BACK = 32
"""Days of the sweep log that are looked for a sweep: some schedules are monthly."""
OVERDUE_AFTER = timedelta(minutes=15)
"""How late a sweep may be: it takes a while, and the host may be starting."""


@dataclass(slots=True, kw_only=True)
class Status:
    """How things stand. Times are "" where nothing has happened yet."""

    threads: int = 0
    due: int = 0
    newest_activity: str = ""
    ingest_lag: float | None = None
    """Seconds from when the newest event happened until it was kept."""
    queued: int = 0
    poisoned: int = 0
    queued_events: int = 0
    """Events that Event Grid delivered by queue and that wait to be kept."""
    poisoned_events: int = 0
    quarantined: int = 0
    dead_letters: int = 0
    last_sweep: SweepLine | None = None
    overdue: bool = False
    """Whether the next sweep should have begun some time ago."""

    @property
    def needs_attention(self) -> list[str]:
        """What a person has to look at; empty for nothing."""
        found = []
        if self.poisoned:
            poisoned = plural(self.poisoned, "message")
            found.append(
                f"{poisoned} on the queue {layout.POISON_QUEUE}: threads that "
                "could not be finalized"
            )
        if self.poisoned_events:
            events = plural(self.poisoned_events, "event")
            found.append(f"{events} on the queue {layout.EVENTS_POISON_QUEUE}")
        if self.quarantined:
            found.append(f"{plural(self.quarantined, 'event')} in quarantine")
        if self.dead_letters:
            found.append(f"{plural(self.dead_letters, 'file')} of dead-lettered events")
        if self.last_sweep is None:
            found.append(f"no sweep in the last {SWEEPS_LOOKED_BACK} days")
        elif self.last_sweep.failures:
            failed = plural(self.last_sweep.failures, "thread")
            found.append(f"{failed} failed in the last sweep")
        if self.overdue and self.last_sweep and self.last_sweep.next_due_on:
            due = format_time(self.last_sweep.next_due_on)
            found.append(f"no sweep since the one that was due on {due}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStatus:
    """Reads log, queues, unprocessed events and the sweep log."""

    log: ThreadLogs
    log_files: ArchiveFiles
    sweep_log: SweepLog
    queue: MeasuredQueue
    poison: MeasuredQueue
    events_queue: MeasuredQueue
    events_poison: MeasuredQueue
    quarantine: UnprocessedEvents
    dead_letters: UnprocessedEvents
    clock: Clock
    quiet_for: timedelta
    max_open: timedelta

    async def __call__(self) -> Status:
        """Return how things stand.

        Raises:
            Transient: the storage cannot be reached.

        """
        status = Status()
        await self.look_at_log(status)
        status.queued = await self.queue.depth()
        status.poisoned = await self.poison.depth()
        status.queued_events = await self.events_queue.depth()
        status.poisoned_events = await self.events_poison.depth()
        await self.look_at_quarantine(status)
        await self.look_at_dead_letters(status)
        await self.look_at_sweeps(status)
        return status

    async def look_at_log(self, status: Status) -> None:
        """Note threads, what is due, and the newest event; raise as the call does."""
        now = self.clock()
        newest: Segment | None = None
        async for thread in self.log.threads():
            status.threads += 1
            try:
                status.due += bool(
                    why_due(
                        thread,
                        now=now,
                        quiet_for=self.quiet_for,
                        max_open=self.max_open,
                    )
                )
            except ArchiverError:  # a log that contradicts itself needs attention too
                status.due += 1
            for segment in thread.segments:
                if newest is None or segment.modified_on > newest.modified_on:
                    newest = segment
        if newest:
            status.newest_activity = format_time(newest.modified_on)
            status.ingest_lag = await self.lag(newest)

    async def look_at_quarantine(self, status: Status) -> None:
        async for file in self.quarantine.files():
            async for part in self.quarantine.stream(file):
                status.quarantined += part.count(b"\n")

    async def look_at_dead_letters(self, status: Status) -> None:
        async for _ in self.dead_letters.files():
            status.dead_letters += 1

    async def look_at_sweeps(self, status: Status) -> None:
        """Note the last sweep, and whether the next one is overdue."""
        now = self.clock()
        sweep = status.last_sweep = await self.last_sweep(now)
        due = sweep.next_due_on if sweep else None
        status.overdue = due is not None and now > due + OVERDUE_AFTER

    async def lag(self, segment: Segment) -> float | None:
        tail = await self.log_files.tail(segment.path, LAST_LINE)
        for record in reversed(read_records(tail).records):
            try:
                event = interpret(json_line.parse(record.text), record.text)
            except (InvalidEvent, ValueError):
                continue
            came, happened = parse_time(record.received_on), event.occurred_on
            return (came - happened).total_seconds() if came and happened else None
        return None

    async def last_sweep(self, now: datetime) -> SweepLine | None:
        """Return the newest sweep of today, or of the last day that had one."""
        for back in range(SWEEPS_LOOKED_BACK):
            day = (now - timedelta(days=back)).date()
            newest: SweepLine | None = None
            async for line in self.sweep_log.of(layout.sweeps_stem(day)):
                newest = line if isinstance(line, SweepLine) else newest
            if newest:
                return newest
        return None
