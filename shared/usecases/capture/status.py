"""Status: what is going on now, read from where it stands, asking nobody twice."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.domain import json_line, layout
from shared.domain.errors import ArchiverError
from shared.domain.log.coverage import Segment, why_due
from shared.domain.log.record import decode_record
from shared.domain.times import format_time, parse_time
from shared.ports.append_log import ThreadLogs
from shared.ports.archive_store import ArchiveFiles
from shared.ports.clock import Clock
from shared.ports.unprocessed_events import UnprocessedEvents
from shared.ports.work_queue import MeasuredQueue

LAST_LINE = 256 * 1024
"""How much of a segment's end is read: an event has 64 KiB at most, a batch more."""
SWEEPS_LOOKED_BACK = 7
"""Days of the journal that are looked through: a sweep runs many times a day."""


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
    quarantined: int = 0
    dead_letters: int = 0
    last_sweep: dict[str, Any] = field(default_factory=dict)

    @property
    def needs_somebody(self) -> list[str]:
        """What a person has to look at; empty for nothing."""
        found = []
        if self.poisoned:
            found.append(f"{self.poisoned} thread(s) could not be finalized")
        if self.quarantined:
            found.append(f"{self.quarantined} event(s) in quarantine")
        if self.dead_letters:
            found.append(f"{self.dead_letters} file(s) of dead-lettered events")
        if not self.last_sweep:
            found.append("no sweep has ever run")
        elif self.last_sweep.get("failures"):
            found.append(f"{self.last_sweep['failures']} thread(s) failed in the sweep")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStatus:
    """Reads log, queues, leftovers and the journal of sweeps."""

    log: ThreadLogs
    log_files: ArchiveFiles
    control_files: ArchiveFiles
    queue: MeasuredQueue
    poison: MeasuredQueue
    quarantine: UnprocessedEvents
    dead_letters: UnprocessedEvents
    clock: Clock
    quiet_for: timedelta
    max_open: timedelta

    async def __call__(self) -> Status:
        """Look everywhere.

        Raises:
            Transient: the storage is not to be reached.

        """
        status = Status()
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
            except (
                ArchiverError
            ):  # a log that contradicts itself is somebody's work too
                status.due += 1
            for segment in thread.segments:
                if newest is None or segment.modified_on > newest.modified_on:
                    newest = segment
        if newest:
            status.newest_activity = format_time(newest.modified_on)
            status.ingest_lag = await self.lag(newest)
        status.queued = await self.queue.depth()
        status.poisoned = await self.poison.depth()
        async for file in self.quarantine.files():
            status.quarantined += file.data.count(b"\n")
        async for _ in self.dead_letters.files():
            status.dead_letters += 1
        status.last_sweep = await self.last_sweep(now)
        return status

    async def lag(self, segment: Segment) -> float | None:
        tail = await self.log_files.tail(segment.path, LAST_LINE)
        for line in reversed(tail.split(b"\n")):
            record = decode_record(line) if line.strip() else None
            if record:
                came, happened = (
                    parse_time(record.received_on),
                    record.event.occurred_on,
                )
                return (came - happened).total_seconds() if came and happened else None
        return None

    async def last_sweep(self, now: datetime) -> dict[str, Any]:
        """Return the newest line of the journal, of today or of the days before."""
        for back in range(SWEEPS_LOOKED_BACK):
            day = (now - timedelta(days=back)).date()
            for line in reversed(await self.sweep_log(layout.sweeps_stem(day))):
                try:
                    return dict(json_line.parse(line))
                except (ValueError, TypeError):  # torn
                    continue
        return {}

    async def sweep_log(self, stem: str) -> list[bytes]:
        files = self.control_files
        paths = [file.path async for file in files.walk(stem)]
        parts = [
            await files.read(one) for one in sorted(paths, key=layout.segment_roll)
        ]
        return b"".join(parts).splitlines()
