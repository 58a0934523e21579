"""The events in an archive's input, as replay reads them."""

import sys
from array import array
from collections.abc import Sequence
from typing import overload

from shared.domain import json_line
from shared.domain.archive.chain import ChainFile
from shared.domain.archive.erased import event_of
from shared.domain.errors import InvalidEvent
from shared.domain.evidence.lines import InputLine
from shared.domain.evidence.words import UNREADABLE
from shared.domain.log.event import interpret
from shared.domain.log.logged import Logged, LoggedRecord

MOST_PARSED_BYTES = 16 * 1024 * 1024
"""Up to this size, a log or a listing is held in memory as parsed objects."""


class StoredRecords(Sequence[LoggedRecord]):
    """The records of a long log, each parsed again whenever it is read.

    Only a record's position is held: not 3,000 bytes, but 4.
    """

    def __init__(self, thread_id: str, lines: ChainFile) -> None:
        self.thread_id = thread_id
        self.lines = lines
        self.places = array("L")

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> LoggedRecord: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[LoggedRecord]: ...

    def __getitem__(self, index: int | slice) -> LoggedRecord | Sequence[LoggedRecord]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        place = self.places[index]
        record = record_of(self.thread_id, place, self.lines[place])
        if record is None:
            raise IndexError(index)
        return record


def read_events(
    thread_id: str, lines: ChainFile, *, most_parsed: int = MOST_PARSED_BYTES
) -> Logged:
    """Return the events in the lines of `events.jsonl`.

    A line that tells no event is counted. Those of a file longer than `most_parsed`
    bytes are not held in memory but parsed again whenever they are read.
    """
    is_long = lines.size > most_parsed
    stored, parsed = StoredRecords(thread_id, lines), list[LoggedRecord]()
    message_ids, unreadable = list[str](), 0
    for place, line in enumerate(lines):
        record = record_of(thread_id, place, line)
        if record is None:
            unreadable += 1
            continue
        # The listing has the same ids: interning lets both share one string object.
        message_ids.append(sys.intern(record.message_id))
        stored.places.append(place)
        if not is_long:
            parsed.append(record)
    return Logged(
        records=stored if is_long else parsed,
        message_ids=message_ids,
        unreadable=unreadable,
        is_long=is_long,
    )


def record_of(thread_id: str, place: int, line: InputLine) -> LoggedRecord | None:
    """Return the record on a line; None where it tells no event."""
    facts, commitment = line.facts, line.commitment.hex()
    if facts["kind"] == UNREADABLE:
        return None
    try:
        event = (
            event_of(facts, thread_id, commitment)
            if line.is_erased
            else interpret(json_line.parse(line.content), line.content)
        )
    except (InvalidEvent, ValueError):
        return None
    return LoggedRecord(
        event=event,
        received_on=facts["received_on"],
        line=place,
        commitment=commitment,
        is_erased=line.is_erased,
    )
