"""The sweep log: what was queued, what failed, and each sweep, by day.

It stands in the control container and says what waits on the queue, which the queue
itself cannot say. Losing it loses no chat: the next sweep queues everything that is due
once more.

Rule 1: threads are recorded after they were queued, up to `BATCH` in a line.
Rule 2: a line is of the day on which it was written; a torn one is left out, and hides
        none behind it.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from shared.domain import json_line, layout
from shared.domain.log.record import SCHEMA
from shared.domain.log.torn_lines import untangle
from shared.domain.times import format_time, parse_time
from shared.ports.append_log import AppendLog
from shared.ports.archive_store import ArchiveFiles
from shared.ports.clock import Clock

LAST_YEAR = 9000
"""A later line is none: what follows on it could not be told in any calendar."""
BATCH = 1000
"""Threads that one line names: a killed sweep queues so many again at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedLine:
    """Threads that were put on the queue, and by what: a sweep, a backfill.

    `on` is after the last of them was put.
    """

    on: datetime
    by: str
    thread_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedLine:
    """A thread whose last try failed. `failures` counts such messages in a row."""

    on: datetime
    thread_id: str
    failures: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreachableLine:
    """A thread of which nothing is known and that nobody may read."""

    on: datetime
    thread_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizedLine:
    """A thread that was finalized because a backfill or discovery asked for it.

    Where nothing was new, no revision tells of it.
    """

    on: datetime
    thread_id: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BeganLine:
    """A sweep has begun: what it queues comes after this line."""

    on: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepLine:
    """What one sweep saw and did; of failures only how many there were.

    `on` is when it began, `next_due_on` when the next one begins; None where the
    schedule cannot say. `python` and `lock` say what the app runs on: its version, and
    the digest of the packages that were installed.
    """

    on: datetime
    threads: int
    queued: int
    closed_blobs: int
    pruned_segments: int
    failures: int
    next_due_on: datetime | None = None
    python: str = ""
    lock: str = ""


Outcome = FinalizedLine | FailedLine | UnreachableLine
SweepLogLine = QueuedLine | Outcome | BeganLine | SweepLine
KINDS: dict[type[SweepLogLine], str] = {
    QueuedLine: "queued",
    FailedLine: "failed",
    UnreachableLine: "unreachable",
    FinalizedLine: "finalized",
    BeganLine: "began",
    SweepLine: "sweep",
}
"""The `kind` of each line."""


def encode_line(line: SweepLogLine) -> bytes:
    """Return a line, with LF."""
    value = {
        name: format_time(field) if isinstance(field, datetime) else field
        for name, field in asdict(line).items()
        if field is not None
    }
    value = {"schema": SCHEMA, "kind": KINDS[type(line)], **value}
    return json_line.encode(json_line.compact(value) + "\n")


def decode_line(text: bytes) -> SweepLogLine | None:
    """Read a line; None for a torn one, or one of an unknown kind."""
    try:
        value = json_line.parse(text)
        on = parse_time(value["on"])
        return None if on is None or on.year > LAST_YEAR else read_line(on, value)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def read_line(on: datetime, value: dict[str, Any]) -> SweepLogLine | None:
    line: SweepLogLine | None = None
    match value["kind"]:
        case "queued":
            line = QueuedLine(
                on=on,
                by=str(value["by"]),
                thread_ids=tuple(map(str, value["thread_ids"])),
            )
        case "failed":
            line = FailedLine(
                on=on,
                thread_id=str(value["thread_id"]),
                failures=int(value["failures"]),
                reason=str(value["reason"]),
            )
        case "unreachable":
            line = UnreachableLine(
                on=on, thread_id=str(value["thread_id"]), reason=str(value["reason"])
            )
        case "finalized":
            line = FinalizedLine(
                on=on,
                thread_id=str(value["thread_id"]),
                revision=int(value["revision"]),
            )
        case "began":
            line = BeganLine(on=on)
        case "sweep":
            line = SweepLine(
                on=on,
                threads=int(value.get("threads", 0)),
                queued=int(value.get("queued", 0)),
                closed_blobs=int(value.get("closed_blobs", 0)),
                pruned_segments=int(value.get("pruned_segments", 0)),
                failures=int(value.get("failures", 0)),
                next_due_on=next_due_in(value),
                python=str(value.get("python", "")),
                lock=str(value.get("lock", "")),
            )
    return line


def next_due_in(value: dict[str, Any]) -> datetime | None:
    due = parse_time(value.get("next_due_on"))
    return None if due is None or due.year > LAST_YEAR else due


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepLog:
    """Appends lines, and reads them back day by day."""

    log: AppendLog
    files: ArchiveFiles
    clock: Clock

    async def record(self, line: SweepLogLine) -> None:
        """Append a line to today's log.

        Raises:
            Transient: it could not be made durable.

        """
        stem = layout.sweeps_stem(self.clock().date())
        await self.log.append(stem, encode_line(line))

    async def record_queued(self, by: str, thread_ids: Sequence[str]) -> None:
        """Append what was queued just now, in lines of `BATCH` threads.

        Raises:
            Transient: it could not be made durable.

        """
        for start in range(0, len(thread_ids), BATCH):
            some = tuple(thread_ids[start : start + BATCH])
            await self.record(QueuedLine(on=self.clock(), by=by, thread_ids=some))

    async def since(self, moment: datetime) -> AsyncIterator[SweepLogLine]:
        """Yield the lines of a day and of all days after it, in their order.

        Raises:
            Transient: the control container cannot be reached.

        """
        day, today = moment.date(), self.clock().date()
        while day <= today:
            async for line in self.of(layout.sweeps_stem(day)):
                yield line
            day += timedelta(days=1)

    async def of(self, stem: str) -> AsyncIterator[SweepLogLine]:
        paths = [file.path async for file in self.files.walk(stem)]
        for path in sorted(paths, key=layout.segment_roll):
            rest = b""
            async for part in self.files.stream(path):
                *texts, rest = (rest + part).split(b"\n")
                for line in chain.from_iterable(map(lines_in, texts)):
                    yield line
            for line in lines_in(rest):
                yield line


def lines_in(text: bytes) -> Iterator[SweepLogLine]:
    """Yield what stands on one line: behind a torn one stands the line after it."""
    if line := decode_line(text):
        yield line
    else:
        yield from filter(None, (decode_line(piece) for piece, _ in untangle(text)))
