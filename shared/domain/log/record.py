"""Records of the log: one event as received, on one line, with its salt.

Rule 1: a line is `{"schema":1,"received_on":…,"salt":…,"event":…}` and a newline.
Rule 2: the event is stored as its own text, not as a parsed and rewritten copy.
Rule 3: a torn line is counted and never hides the record that follows it.
Rule 4: an erased record says so, keeps its identity and its times, and has no salt.
Rule 5: the events of a log are a set (P3). Of several copies of one event the same one
        always wins, in whatever order they came. Content never decides first: it may
        be erased, and the choice must not change then.
"""

import re
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload

from shared.domain import json_line
from shared.domain.errors import InvalidEvent
from shared.domain.json_line import canonical
from shared.domain.log.event import (
    CONTENT_FIELDS,
    MESSAGE_KINDS,
    ChatEvent,
    EventIdentity,
    interpret,
    other_fields,
)
from shared.domain.log.torn_lines import parse_or_none, parsed_pieces
from shared.domain.times import (
    as_moment,
    format_time,
    from_milliseconds,
    parse_time,
)

SCHEMA = 1
SALT_BYTES = 16
SALT = re.compile(r"[0-9a-f]{32}")
ERASED = "erased"
MOST_PARSED_BYTES = 16 * 1024 * 1024
"""Up to this size, a log or a listing is held in memory as parsed objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One event of the log, as read back."""

    salt: str
    event: ChatEvent
    received_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The records in a range of the log, and how many lines were unreadable."""

    records: Sequence[Record]
    unreadable: int

    @property
    def message_ids(self) -> Sequence[str]:
        """The message that each record is about; "" for other events."""
        if isinstance(self.records, StoredRecords):
            return self.records.message_ids
        return [message_of(record) for record in self.records]


class StoredRecords(Sequence[Record]):
    """The records of a long log, each parsed again whenever it is read.

    Only a record's position and message id are held: about 100 bytes, not 3,000.
    """

    def __init__(self, log: bytes) -> None:
        self.log = log
        self.starts, self.ends = array("Q"), array("Q")
        self.message_ids: list[str] = []

    def add(self, start: int, end: int, record: Record) -> None:
        self.starts.append(start)
        self.ends.append(end)
        self.message_ids.append(sys.intern(message_of(record)))

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        record = decode_record(self.log[self.starts[index] : self.ends[index]])
        if record is None:
            raise IndexError(index)
        return record


def encode_record(event_text: str, received_on: datetime, salt: bytes) -> bytes:
    """Return the line for an event; `salt` is 16 random bytes, never used again."""
    head = (
        f'{{"schema":{SCHEMA},"received_on":"{format_time(received_on)}",'
        f'"salt":"{salt.hex()}","event":'
    )
    return json_line.encode(head + json_line.one_line(event_text) + "}\n")


def encode_quarantined(text: str, received_on: datetime, reason: str) -> bytes:
    """Return the quarantine line for input that could not become a record."""
    line = {
        "schema": SCHEMA,
        "received_on": format_time(received_on),
        "reason": reason,
        "input": text,
    }
    return json_line.encode(json_line.compact(line) + "\n")


def read_records(log: bytes, *, most_parsed: int = MOST_PARSED_BYTES) -> Records:
    """Read a range of the log. A line that is not a record is counted, never raised.

    The records of a log longer than `most_parsed` bytes are not held in memory but
    parsed again whenever they are read.
    """
    decoded: list[Record] = []
    stored = StoredRecords(log)
    unreadable = 0
    for start, piece, value in parsed_pieces(log):
        record = record_of(value, piece)
        if record is None:
            unreadable += 1
        elif len(log) > most_parsed:
            stored.add(start, start + len(piece), record)
        else:
            decoded.append(record)
    records: Sequence[Record] = stored if len(log) > most_parsed else decoded
    return Records(records=records, unreadable=unreadable)


def message_of(record: Record) -> str:
    return record.event.message_id if record.event.kind in MESSAGE_KINDS else ""


def decode_record(line: bytes) -> Record | None:
    """Return the record on a line; None if it is not a record of a known schema."""
    return record_of(parse_or_none(line), line)


def record_of(value: Any, line: bytes) -> Record | None:
    """Return the record in a line's JSON value; None as for `decode_record`."""
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        return None
    salt = value.get("salt")
    if not isinstance(salt, str) or not (SALT.fullmatch(salt) or is_erased(value)):
        return None
    try:
        return Record(
            salt=salt,
            event=interpret(value.get("event"), line),
            received_on=str(value.get("received_on", "")),
        )
    except InvalidEvent:
        return None


def is_erased(value: Any) -> bool:
    """Return whether a line's content and salt were erased."""
    return isinstance(value, dict) and value.get(ERASED) is True


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event of the log without its duplicates: lowest salt, first time received."""

    event: ChatEvent
    salt: str
    received_on: str = ""


def unique_events(records: Iterable[Record]) -> list[LoggedEvent]:
    """Return each event once, by identity, with the lowest salt of its copies."""
    copies: dict[EventIdentity, list[Record]] = defaultdict(list)
    for record in records:
        copies[record.event.identity].append(record)
    return [
        LoggedEvent(
            event=winning_copy(group),
            salt=min(record.salt for record in group),
            received_on=min((r.received_on for r in group), key=as_moment)
            if len(group) > 1
            else group[0].received_on,
        )
        for _, group in sorted(copies.items())
    ]


def thread_events(log: Records) -> list[LoggedEvent]:
    """Return each event that concerns the thread itself, not one of its messages."""
    return unique_events(
        log.records[at]
        for at, message_id in enumerate(log.message_ids)
        if not message_id
    )


def winning_copy(group: Sequence[Record]) -> ChatEvent:
    """Return the copy of an event to read; the same one in whatever order they came."""
    if len(group) == 1:
        return group[0].event
    # A thread-level event wins over a user-level one, which lacks fields. Among equals
    # the lowest canonical text wins: an arbitrary choice, but the same on every
    # machine. Text without content is compared before text with it, so that the winner
    # stays the same after an erasure. The envelope id, different in each, comes last.
    return min(
        (record.event for record in group),
        key=lambda event: (
            event.per_user,
            canonical(other_fields(event.data, CONTENT_FIELDS)),
            canonical(event.data),
            event.envelope_id,
        ),
    )


def came_late(logged: LoggedEvent, listed_on: Sequence[datetime]) -> bool:
    """Return whether an event happened before some listing and came after it."""
    version, came = logged.event.version, parse_time(logged.received_on)
    happened = from_milliseconds(version) if version else None
    if happened is None or came is None:
        return False
    return any(happened < moment < came for moment in listed_on)
