"""Records of the log: one event as received, on one line, with its salt.

Rule 1: a line is `{"schema":1,"received_on":…,"salt":…,"event":…}` and a newline.
Rule 2: the event is stored as its own text, not as a parsed and rewritten copy, and is
        cut out by its position.
Rule 3: a torn line is counted and never hides the record that follows it.
Rule 4: what could not become a record is stored the same way, in quarantine.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.domain import json_line
from shared.domain.log.torn_lines import parsed_pieces
from shared.domain.times import format_time

SCHEMA = 1
SALT_BYTES = 16
SALT = re.compile("[0-9a-f]{32}")
RECORD = re.compile(
    rb'\{"schema":1,"received_on":"([^"\\]*)","salt":"([0-9a-f]{32})","event":(.*)\}',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of the log, or of quarantine: the text as received, and its salt."""

    received_on: str
    salt: bytes
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The records in a range of the log, and how many lines could not be read."""

    records: list[Record]
    torn: int


def encode_record(event_text: str, received_on: datetime, salt: bytes) -> bytes:
    """Return the line for an event; `salt` is 16 random bytes, never used again."""
    head = (
        f'{{"schema":{SCHEMA},"received_on":"{format_time(received_on)}",'
        f'"salt":"{salt.hex()}","event":'
    )
    return json_line.encode(head + json_line.one_line(event_text) + "}\n")


def encode_quarantined(
    text: str, received_on: datetime, reason: str, salt: bytes
) -> bytes:
    """Return the quarantine line for input that could not become a record."""
    line = {
        "schema": SCHEMA,
        "received_on": format_time(received_on),
        "salt": salt.hex(),
        "reason": reason,
        "input": text,
    }
    return json_line.encode(json_line.compact(line) + "\n")


def read_records(log: bytes) -> Records:
    """Read a range of the log. A line that is no record is counted, never raised."""
    records, torn = list[Record](), 0
    for _, piece, value in parsed_pieces(log):
        match = RECORD.fullmatch(piece) if value is not None else None
        if match is None:
            torn += 1
        else:
            record = Record(
                received_on=match[1].decode(),
                salt=bytes.fromhex(match[2].decode()),
                text=match[3],
            )
            records.append(record)
    return Records(records=records, torn=torn)


def read_quarantined(lines: bytes) -> Records:
    """Read what stands in quarantine. A torn line is counted: its event came again."""
    records, torn = list[Record](), 0
    for _, _, value in parsed_pieces(lines):
        record = quarantined_in(value)
        if record is None:
            torn += 1
        else:
            records.append(record)
    return Records(records=records, torn=torn)


def quarantined_in(value: Any) -> Record | None:
    if not isinstance(value, dict):
        return None
    text, salt = value.get("input"), value.get("salt")
    if not isinstance(text, str) or not isinstance(salt, str):
        return None
    if not SALT.fullmatch(salt):
        return None
    return Record(
        received_on=str(value.get("received_on", "")),
        salt=bytes.fromhex(salt),
        text=json_line.encode(text),
    )
