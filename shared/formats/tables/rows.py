"""The rows that a thread has in the tables of its archive, each with its folder.

Rule 1: a message and its versions stand in the month in which it was sent (UTC), a
        thread in the month in which it was created, or else began.
Rule 2: Spark refuses to read a file with a time before 1900 unless it is told how, so
        such a time, which no message of the service can have, is none.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.identity import kind_of
from shared.domain.thread.attachments import file_count, recorded_files
from shared.domain.thread.grade import grade_of
from shared.domain.thread.transcript import Transcript
from shared.domain.times import parse_time
from shared.formats.names import names
from shared.formats.one_line import one_line
from shared.formats.plain import read_text, version_to_read
from shared.formats.rows import history_row, message_row, to_json, whole
from shared.formats.tables.columns import (
    MESSAGES,
    PEOPLE,
    TABLES,
    THREADS,
    TIME,
    VERSIONS,
)

TableRow = dict[str, Any]
Placed = tuple[str, TableRow]
"""A row with the folder that it stands in."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_YEAR = 1900
UNDATED = "undated"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfRevision:
    """The newest revision of a thread: its number, when it was written, its digest."""

    number: int
    written_on: str
    manifest: str


def rows_of(transcript: Transcript, revision: OfRevision) -> Iterator[Placed]:
    """Yield every row of a thread."""
    yield thread_row(transcript, revision)
    yield from message_rows(transcript)


def message_rows(transcript: Transcript) -> Iterator[Placed]:
    """Yield a row for each message, followed by those of its versions."""
    grade, recorded = grade_of(transcript), recorded_files(transcript)
    called = names(transcript)
    for message in transcript.messages:
        month = month_of(message.created_on)
        files = file_count(message, recorded)
        row: TableRow = {**message_row(transcript, message, grade, files)}
        row["text"] = read_text(message, version_to_read(message), called)
        yield placed(MESSAGES, month, row)
        for version in message.versions:
            row = {**history_row(transcript.thread_id, message, version)}
            row["text"] = read_text(message, version, called)
            yield placed(VERSIONS, month, row)


def thread_row(transcript: Transcript, revision: OfRevision) -> Placed:
    grade, baseline = grade_of(transcript), transcript.tally.baseline
    row = whole(
        {
            "thread_id": transcript.thread_id,
            "topic": transcript.topic,
            "created_on": transcript.created_on,
            "created_by": transcript.created_by,
            "deleted_on": transcript.deleted_on,
            "deleted_by": transcript.deleted_by,
            "first_message_on": baseline.first_on,
            "last_message_on": baseline.last_on,
            "message_count": len(transcript.messages),
            "edited_count": baseline.edited,
            "deleted_count": baseline.deleted,
            "system_count": baseline.system,
            "erased_count": transcript.tally.erased,
            "participants": to_json(
                [
                    {"id": who.id, "name": who.display_name, "present": who.present}
                    for who in transcript.participants
                ]
            ),
            "metadata": to_json(transcript.metadata),
            "retention_policy": to_json(transcript.retention_policy),
            "visibility": transcript.listing.visibility,
            "grade": grade.name,
            "grade_reason": grade.reason,
            "gaps": to_json([one_line(gap.reason) for gap in transcript.gaps]),
            "revision": revision.number,
            "written_on": revision.written_on,
            "manifest": revision.manifest,
        }
    )
    began = transcript.created_on, baseline.first_on
    months = [month for month in map(month_of, began) if month != UNDATED]
    return placed(THREADS, months[0] if months else UNDATED, {**row})


def person_row(
    raw_id: str,
    called: tuple[str, ...],
    counts: tuple[int, int],
    first_on: str,
    last_on: str,
) -> Placed:
    """Return the row of a person; `counts` are of threads and messages."""
    row = whole(
        {
            "person_id": raw_id,
            "kind": kind_of(raw_id),
            "name": called[0] if called else "",
            "names": to_json(called),
            "thread_count": counts[0],
            "message_count": counts[1],
            "first_message_on": first_on,
            "last_message_on": last_on,
        }
    )
    return PEOPLE, as_table(PEOPLE, {**row})


def folder_of(table: str, month: str) -> str:
    return f"{table}/month={month}"


def placed(table: str, month: str, row: TableRow) -> Placed:
    return folder_of(table, month), as_table(table, row)


def as_table(table: str, row: TableRow) -> TableRow:
    """Return a row with the columns of its table, in their order."""
    return {
        column.name: microseconds(row[column.name])
        if column.type == TIME
        else row[column.name]
        for column in TABLES[table]
    }


def moment_of(time: str) -> datetime | None:
    """Return a time that every reader can read; None for any other."""
    moment = parse_time(time)
    return moment if moment and moment.year >= EARLIEST_YEAR else None


@functools.lru_cache(maxsize=1024)
def microseconds(time: str) -> int | None:
    """Return a time as a table has it: since 1970, in UTC."""
    moment = moment_of(time)
    return (moment - EPOCH) // timedelta(microseconds=1) if moment else None


@functools.lru_cache(maxsize=1024)
def month_of(time: str) -> str:
    moment = moment_of(time)
    return f"{moment.year:04d}-{moment.month:02d}" if moment else UNDATED
