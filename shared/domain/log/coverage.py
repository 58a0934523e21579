"""Coverage: which bytes of which log segments an archive revision holds, by its marker.

A segment is identified by its path *and* the time of its creation: after pruning, a
late event may create a segment of the same path again, with different bytes.
"""

import base64
import json
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.errors import IntegrityError
from shared.domain.times import format_time

MAX_OPEN, WHOLE_PASS = "max_open", "whole_pass"
"""Reasons why a thread is due: it never rests; nothing is new, but it was long ago that
all of it was listed."""
METADATA_LIMIT = 7000
"""Most bytes of coverage in a marker's metadata; storage allows 8 KiB in total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment as a listing of the log shows it. `etag` changes with every append."""

    path: str
    size: int
    created_on: datetime
    modified_on: datetime
    etag: str

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Cover:
    """How much of a segment is covered, and which segment that was.

    `erased` where it holds a record of which the archive has an erased line.
    """

    size: int
    created_on: str
    erased: bool = False


Covers = Mapping[str, Cover]
"""By segment name, without the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadLog:
    """What the log container holds of one thread.

    `thread_id` is "" where `folder` has not the name of a thread's folder.
    """

    thread_id: str
    folder: str = ""
    segments: tuple[Segment, ...]
    markers: Mapping[int, Covers]
    marked_on: datetime | None = None
    """When the newest marker was written; None where there is none."""
    superseded: int = 0
    """The revision before the newest whose renderings still stand; 0 for none."""
    whole_pass_due: datetime | None = None
    """From when on the thread is to be listed whole, since snapshots came after the
    last whole pass; None where nothing calls for it."""

    @property
    def settled_on(self) -> datetime | None:
        """When the thread was archived last, or its log began anew; None if neither.

        A sweep that prunes all of a log removes its markers too. What was queued before
        the segments that are there now was not about them.
        """
        began = min((segment.created_on for segment in self.segments), default=None)
        return self.marked_on or began

    @property
    def covers(self) -> Covers:
        """What the newest marker covers; nothing where there is none."""
        return self.markers[max(self.markers)] if self.markers else {}


def cover(
    segments: Iterable[Segment], erased: Collection[str] = ()
) -> dict[str, Cover]:
    """Return the coverage of an archive that holds these segments in full.

    `erased` names the segments that hold what was erased.
    """
    return {
        segment.name: Cover(
            size=segment.size,
            created_on=format_time(segment.created_on),
            erased=segment.name in erased,
        )
        for segment in segments
    }


def covered_size(segment: Segment, covers: Covers) -> int:
    """Return how many bytes of a segment are covered.

    Raises:
        IntegrityError: the segment is shorter than the part that was archived.

    """
    known = covers.get(segment.name)
    if known is None or known.created_on != format_time(segment.created_on):
        return 0
    if known.size > segment.size:
        raise IntegrityError(
            f"segment {segment.path} holds {segment.size} bytes, "
            f"but {known.size} were archived: an append-only log cannot shrink"
        )
    return known.size


def uncovered(segments: Iterable[Segment], covers: Covers) -> list[Segment]:
    """Return the segments that hold uncovered bytes."""
    return [
        segment for segment in segments if covered_size(segment, covers) < segment.size
    ]


def why_due(
    log: ThreadLog, *, now: datetime, quiet_for: timedelta, max_open: timedelta
) -> str:
    """Return why a thread is due: `quiet`, `max_open`, `whole_pass`, or "".

    A segment's age counts from its creation, so a thread that never rests still gets a
    snapshot every `max_open`: retention deletes a thread 30 to 90 days after the
    thread's creation, active or not. A whole pass that is due waits until the thread
    rests; where it has new bytes too, their finalizing will make that pass.
    """
    open_segments = uncovered(log.segments, log.covers)
    is_quiet = all(now - segment.modified_on >= quiet_for for segment in log.segments)
    if not open_segments:
        is_due = log.whole_pass_due is not None and now >= log.whole_pass_due
        return WHOLE_PASS if is_due and is_quiet else ""
    if is_quiet:
        return "quiet"
    if now - min(segment.created_on for segment in open_segments) >= max_open:
        return MAX_OPEN
    return ""


def to_json(covers: Covers) -> dict[str, dict[str, object]]:
    return {
        name: {
            "bytes": covered.size,
            "created_on": covered.created_on,
            **({"erased": True} if covered.erased else {}),
        }
        for name, covered in sorted(covers.items())
    }


def from_json(value: Mapping[str, Mapping[str, object]]) -> dict[str, Cover]:
    return {
        name: Cover(
            size=int(str(covered["bytes"])),
            created_on=str(covered["created_on"]),
            erased=covered.get("erased") is True,
        )
        for name, covered in value.items()
    }


def to_metadata(covers: Covers) -> str:
    """Return covers in a form that fits into blob metadata: JSON, deflated, base64.

    If even that is too long, the oldest segments are left out. They then look
    uncovered, which costs the finalizer another look and loses nothing.
    """
    value = to_json(covers)
    while True:
        plain = json.dumps(value, separators=(",", ":")).encode()
        packed = base64.b64encode(zlib.compress(plain, 9)).decode("ascii")
        if len(packed) <= METADATA_LIMIT:
            return packed
        value = dict(list(value.items())[max(1, len(value) // 10) :])


UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    zlib.error,
)
"""What a marker's metadata may raise: anybody who may write the container writes it."""


def from_metadata(packed: str) -> dict[str, Cover]:
    """Read a marker's covers; a marker that cannot be read covers nothing."""
    try:
        plain = zlib.decompress(base64.b64decode(packed, validate=True))
        return from_json(json.loads(plain))
    except UNREADABLE:
        return {}
