"""Records of the log: one event as received, on one line, with its salt.

Rule 1: a line is `{"schema":1,"received_on":…,"salt":…,"event":…}` and a newline.
Rule 2: the event is its own text, not a parsed and rewritten copy of it.
Rule 3: a torn line is counted and never hides the record that follows on it.
Rule 4: an erased record says so, keeps what makes it one, and has no salt.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.domain import json_line
from shared.domain.errors import InvalidEvent
from shared.domain.event import ChatEvent, interpret
from shared.domain.times import format_time

SCHEMA = 1
SALT_BYTES = 16
HEAD = b'{"schema":'
SALT = re.compile(r"[0-9a-f]{32}")
ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One event of the log, read back."""

    salt: str
    event: ChatEvent
    received_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What a stretch of log holds: its records, and how many lines were not one."""

    records: tuple[Record, ...]
    unreadable: int


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


def read_records(log: bytes) -> Records:
    """Read a stretch of log. What is no record is counted, never raised."""
    records = []
    unreadable = 0
    for piece in pieces(log):
        record = decode_record(piece)
        if record is None:
            unreadable += 1
        else:
            records.append(record)
    return Records(records=tuple(records), unreadable=unreadable)


def pieces(log: bytes) -> Iterator[bytes]:
    """Give each record of a stretch of log, and each piece that is none."""
    for line in log.split(b"\n"):
        if line.strip():
            yield from untangle(line)


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
