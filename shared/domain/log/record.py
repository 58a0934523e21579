"""Records of the log: one event as received, on one line, with its salt.

Rule 1: a line is `{"schema":1,"received_on":…,"salt":…,"event":…}` and a newline.
Rule 2: the event is its own text, not a parsed and rewritten copy of it.
Rule 3: a torn line is counted and never hides the record that follows on it.
Rule 4: an erased record says so, keeps what makes it one, and has no salt.
"""

import re
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload

from shared.domain import json_line
from shared.domain.errors import InvalidEvent
from shared.domain.log.event import MESSAGE_KINDS, ChatEvent, interpret
from shared.domain.times import format_time

SCHEMA = 1
SALT_BYTES = 16
HEAD = b'{"schema":'
SALT = re.compile(r"[0-9a-f]{32}")
ERASED = "erased"
MOST_KEPT_BYTES = 16 * 1024 * 1024
"""How long a log or a listing may be for all of it to be kept as it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One event of the log, read back."""

    salt: str
    event: ChatEvent
    received_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What a stretch of log holds: its records, and how many lines were not one."""

    records: Sequence[Record]
    unreadable: int

    @property
    def message_ids(self) -> Sequence[str]:
        """The message that each record is about; "" for any other event."""
        if isinstance(self.records, StoredRecords):
            return self.records.message_ids
        return [message_of(one) for one in self.records]


class StoredRecords(Sequence[Record]):
    """The records of a long log, each read again when it is asked for.

    Of a record only its place and its message are kept: about 100 bytes, not 3,000.
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
    """Give the line that keeps an event; `salt` is 16 random bytes, used once."""
    head = (
        f'{{"schema":{SCHEMA},"received_on":"{format_time(received_on)}",'
        f'"salt":"{salt.hex()}","event":'
    )
    return json_line.encode(head + json_line.one_line(event_text) + "}\n")


def encode_quarantined(text: str, received_on: datetime, reason: str) -> bytes:
    """Give the quarantine line for input that could not become a record."""
    line = {
        "schema": SCHEMA,
        "received_on": format_time(received_on),
        "reason": reason,
        "input": text,
    }
    return json_line.encode(json_line.compact(line) + "\n")


def read_records(log: bytes, *, most_kept: int = MOST_KEPT_BYTES) -> Records:
    """Read a stretch of log. What is no record is counted, never raised.

    Of a log longer than `most_kept` bytes the records are not kept, but read again.
    """
    kept: list[Record] = []
    stored = StoredRecords(log)
    unreadable = 0
    for start, piece in placed_pieces(log):
        record = decode_record(piece)
        if record is None:
            unreadable += 1
        elif len(log) > most_kept:
            stored.add(start, start + len(piece), record)
        else:
            kept.append(record)
    records: Sequence[Record] = stored if len(log) > most_kept else kept
    return Records(records=records, unreadable=unreadable)


def message_of(record: Record) -> str:
    return record.event.message_id if record.event.kind in MESSAGE_KINDS else ""


def pieces(log: bytes) -> Iterator[bytes]:
    """Give each record of a stretch of log, and each piece that is none."""
    return (piece for _, piece in placed_pieces(log))


def placed_pieces(log: bytes) -> Iterator[tuple[int, bytes]]:
    """Give each piece with the place where it begins."""
    start = 0
    while start < len(log):
        end = log.find(b"\n", start)
        end = len(log) if end < 0 else end
        line = log[start:end]
        if line.strip():
            at = start
            for piece in untangle(line):
                yield at, piece
                at += len(piece)
        start = end + 1


def untangle(line: bytes) -> Iterator[bytes]:
    """Give a line whole when it is JSON, else cut it where a record may begin anew.

    A writer that dies in the middle of a line leaves a torn one, and the next record
    follows on it. Inside a JSON string the head of a record cannot stand unescaped.
    """
    if parse_or_none(line) is not None:
        yield line
        return
    start = 0
    while (after := line.find(HEAD, start + 1)) > 0:
        if parse_or_none(line[after:]) is not None:
            yield line[:after]
            yield line[after:]
            return
        start = after
    yield line


def parse_or_none(line: bytes) -> Any:
    try:
        return json_line.parse(line)
    except ValueError:
        return None


def decode_record(line: bytes) -> Record | None:
    """Read one line; None when it is no record of a schema that we know."""
    value = parse_or_none(line)
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
    """Say whether a line's content and salt were erased."""
    return isinstance(value, dict) and value.get(ERASED) is True
