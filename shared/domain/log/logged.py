"""Logged events: what replay reads of the log, each event once.

Rule: the events of a log are a set (P3). Of several copies of one event the same one
      always wins, in whatever order they came.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.json_line import canonical
from shared.domain.log.event import (
    CONTENT_FIELDS,
    MESSAGE_KINDS,
    ChatEvent,
    EventIdentity,
    other_fields,
)
from shared.domain.times import as_moment, from_milliseconds, parse_time


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRecord:
    """An event as an archive's input holds it.

    `line` numbers it among the lines of `events.jsonl`; `commitment` is hex. Of an
    erased one there is left what its facts say.
    """

    event: ChatEvent
    received_on: str = ""
    line: int = 0
    commitment: str = ""
    is_erased: bool = False

    @property
    def message_id(self) -> str:
        """The message that it is about; "" for other events."""
        return self.event.message_id if self.event.kind in MESSAGE_KINDS else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """The events of a thread, and how much of its log could not be read.

    `message_ids` has for each record the message that it is about, "" for other events.
    `is_long` where the records are read again whenever they are needed.
    """

    records: Sequence[LoggedRecord]
    message_ids: Sequence[str]
    unreadable: int = 0
    is_long: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event without its copies: the winning one, the first time received.

    `lines` are those of all copies.
    """

    event: ChatEvent
    received_on: str = ""
    lines: tuple[int, ...] = ()
    commitment: str = ""
    is_erased: bool = False


def unique_events(records: Iterable[LoggedRecord]) -> list[LoggedEvent]:
    """Return each event once, by identity."""
    copies: dict[EventIdentity, list[LoggedRecord]] = defaultdict(list)  # P3
    for record in records:
        copies[record.event.identity].append(record)
    return [joined(group) for _, group in sorted(copies.items())]


def joined(copies: Sequence[LoggedRecord]) -> LoggedEvent:
    if len(copies) == 1:
        winner, received_on = copies[0], copies[0].received_on
    else:
        winner = min(copies, key=preference)
        received_on = min((copy.received_on for copy in copies), key=as_moment)
    return LoggedEvent(
        event=winner.event,
        received_on=received_on,
        lines=tuple(sorted(copy.line for copy in copies)),
        commitment=winner.commitment,
        is_erased=winner.is_erased,
    )


def preference(record: LoggedRecord) -> tuple[bool, bool, bytes, bytes, str, str]:
    """Return a sort key: the copy to read comes first, in whatever order they came."""
    # What still has its content tells more. A thread-level event wins over a user-level
    # one, which lacks fields. Among equals the lowest canonical text wins: an arbitrary
    # choice, but the same on every machine. Envelope id and salt, different in each,
    # come last.
    event = record.event
    return (
        record.is_erased,
        event.per_user,
        canonical(other_fields(event.data, CONTENT_FIELDS)),
        canonical(event.data),
        event.envelope_id,
        record.commitment,
    )


def thread_events(log: Logged) -> list[LoggedEvent]:
    """Return each event that concerns the thread itself, not one of its messages."""
    return unique_events(
        log.records[at]
        for at, message_id in enumerate(log.message_ids)
        if not message_id
    )


def came_late(logged: LoggedEvent, listed_on: Sequence[datetime]) -> bool:
    """Return whether an event happened before some listing and came after it."""
    version, came = logged.event.version, parse_time(logged.received_on)
    happened = from_milliseconds(version) if version else None
    if happened is None or came is None:
        return False
    return any(happened < moment < came for moment in listed_on)
