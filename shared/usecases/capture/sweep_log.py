"""The sweep log: one line a sweep, by day, in the control container."""

from dataclasses import asdict, dataclass
from datetime import datetime

from shared.domain import json_line, layout
from shared.domain.log.record import SCHEMA
from shared.ports.append_log import AppendLog
from shared.ports.archive_store import ArchiveFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepLine:
    """What one sweep saw and did; of failures only how many there were.

    `on` is when it began, RFC 3339.
    """

    on: str
    threads: int
    queued: int
    closed_days: int
    pruned_segments: int
    failures: int


async def append_sweep(log: AppendLog, line: SweepLine, began: datetime) -> None:
    """Append a sweep's line to the log of the day on which it began.

    Raises:
        Transient: it could not be made durable.

    """
    value = {"schema": SCHEMA, **asdict(line)}
    text = json_line.encode(json_line.compact(value) + "\n")
    await log.append(layout.sweeps_stem(began.date()), text)


async def read_sweeps(files: ArchiveFiles, day: datetime) -> list[SweepLine]:
    """Return the sweeps of a day, in the order in which they ended; torn lines go.

    Raises:
        Transient: the control container cannot be reached.

    """
    paths = [file.path async for file in files.walk(layout.sweeps_stem(day.date()))]
    parts = [await files.read(path) for path in sorted(paths, key=layout.segment_roll)]
    lines = (decode_line(line) for line in b"".join(parts).splitlines())
    return [line for line in lines if line]


def decode_line(line: bytes) -> SweepLine | None:
    """Read a line; None for a torn one."""
    try:
        value = json_line.parse(line)
        return SweepLine(
            on=str(value["on"]),
            threads=int(value["threads"]),
            queued=int(value["queued"]),
            closed_days=int(value["closed_days"]),
            pruned_segments=int(value["pruned_segments"]),
            failures=int(value["failures"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
