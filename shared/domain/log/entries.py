"""Entries: what the log tells, each event once, whatever order its copies came in (P3).

Events are a set, grouped by identity. Of several copies the same one is always chosen:
thread-level before user-level, then the least canonical text, what can be erased
compared last. The lowest salt of all copies is the version's.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.domain.json_line import canonical
from shared.domain.log.event import CONTENT_FIELDS, ChatEvent, Identity
from shared.domain.log.record import Record, Records
from shared.domain.times import from_milliseconds, parse_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event that is known once: its salt, and when its first record came."""

    event: ChatEvent
    salt: str
    received_on: str = ""


def unique(records: Iterable[Record]) -> list[Entry]:
    """Give each event once, sorted by identity, with the lowest salt of its copies."""
    copies: dict[Identity, list[Record]] = defaultdict(list)
    for record in records:
        copies[record.event.identity].append(record)
    return [
        Entry(
            event=choose(group),
            salt=min(record.salt for record in group),
            received_on=min(record.received_on for record in group),
        )
        for _, group in sorted(copies.items())
    ]


def of_thread(log: Records) -> list[Entry]:
    """Give what is told of the thread itself: each event that is of no message."""
    return unique(
        log.records[at] for at, name in enumerate(log.message_ids) if not name
    )


def choose(group: Sequence[Record]) -> ChatEvent:
    if len(group) == 1:
        return group[0].event
    return min(
        (record.event for record in group),
        key=lambda event: (
            event.per_user,
            canonical(unplaced(event.data, CONTENT_FIELDS)),
            canonical(event.data),
            event.envelope_id,
        ),
    )


def came_late(entry: Entry, taken: Sequence[datetime]) -> bool:
    happened, came = happened_on(entry.event), parse_time(entry.received_on)
    if happened is None or came is None:
        return False
    return any(happened < time < came for time in taken)


def happened_on(event: ChatEvent) -> datetime | None:
    return from_milliseconds(event.version) if event.version else None


def unplaced(value: Mapping[str, Any], placed: Collection[str]) -> dict[str, Any]:
    """Give the fields that have no place of their own, as received."""
    return {name: one for name, one in value.items() if name not in placed}
