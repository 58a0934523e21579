"""`messages.csv`, `history.csv`: a row per message and per version, for spreadsheets.

RFC 4180: UTF-8, CRLF, every cell quoted. Every table that is written is written here.

Rule 1: no cell runs. A spreadsheet runs one that begins with = + - @ or their
        full-width forms (or with a tab, a line end or a NUL before one) as a formula.
        Such a cell, and one that begins with an apostrophe, gets an apostrophe in
        front; removing one leading apostrophe from a cell restores it exactly.
Rule 2: a cell that is longer than a spreadsheet takes is cut, and says so: it stands
        whole in `transcript.json`.
Rule 3: a time is written as a spreadsheet knows it in every language, in UTC and whole
        seconds; where a spreadsheet knows no such time, it stays as it is. A column of
        times is one whose name ends in `_on`.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from shared.domain.thread.attachments import file_count, recorded_files
from shared.domain.thread.grade import grade_of
from shared.domain.thread.message import Message, Version
from shared.domain.thread.transcript import Transcript
from shared.domain.times import format_time, parse_time
from shared.formats.names import Names, names
from shared.formats.part import Appended, Options, RenderedFile, Table
from shared.formats.plain import describe_change
from shared.formats.rows import (
    HISTORY_COLUMNS,
    MESSAGE_COLUMNS,
    PEOPLE_COLUMNS,
    Column,
    Row,
    history_row,
    message_row,
)

NEUTRALISED = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n\0'")
LONGEST_CELL = 32_767
"""Characters (of UTF-16) of a cell in Excel, which cuts it or spills over."""
FIRST_DAY = "1900-01-01"
"""Excel knows none before."""
TIMES = "_on"
TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z", re.ASCII)
ROWS_PER_PART = 500
BOM = b"\xef\xbb\xbf"


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    called = names(transcript, options.people)
    for name, columns, rows in (
        ("messages.csv", MESSAGE_COLUMNS, message_rows(transcript, called)),
        ("history.csv", HISTORY_COLUMNS, history_rows(transcript, called)),
    ):
        shown = [column.name for column in with_people(columns, options)]
        yield name, table(shown, rows, bom=options.bom)


def single(out: IO[bytes], scratch: Path, options: Options) -> Table:
    """Begin one table of the messages of many threads."""
    columns = [column.name for column in with_people(MESSAGE_COLUMNS, options)]
    out.writelines(head(columns, bom=options.bom))
    return Appended(
        out,
        lambda thread: body(
            columns, message_rows(thread, names(thread, options.people))
        ),
    )


def with_people(columns: Sequence[Column], options: Options) -> Sequence[Column]:
    """Return columns, with those of the directory where its names are to be shown."""
    return (*columns, *PEOPLE_COLUMNS) if options.people else columns


def message_rows(transcript: Transcript, called: Names) -> Iterator[Row]:
    grade, recorded = grade_of(transcript), recorded_files(transcript)
    for message in transcript.messages:
        row = message_row(transcript, message, grade, file_count(message, recorded))
        yield in_words(row, message, message.current, called)


def history_rows(transcript: Transcript, called: Names) -> Iterator[Row]:
    for message in transcript.messages:
        for version in message.versions:
            row = history_row(transcript.thread_id, message, version)
            yield in_words(row, message, version, called)


def in_words(row: Row, message: Message, version: Version, called: Names) -> Row:
    """Return a row that says what a system message does in words, not in JSON.

    Where there is a directory of people, it says who the sender is.
    """
    if called.people:
        row = row | known_sender(message, called)
    if version.content is None or not message.is_system:
        return row
    return row | {"content": describe_change(message, called, version)}


def known_sender(message: Message, called: Names) -> Row:
    """Return what the directory says of who sent a message, when that was."""
    known = called.people.find(message.sender_id, message.created_on)
    said = (known.called, known.user_id, known.mail) if known else ("", "", "")
    names_of = (column.name for column in PEOPLE_COLUMNS)
    return dict(zip(names_of, said, strict=True))


def table(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, bom: bool = False
) -> Iterator[bytes]:
    """Yield a table in parts: a line of names, and one for each row."""
    yield from head(columns, bom=bom)
    yield from body(columns, rows)


def head(columns: Sequence[str], *, bom: bool) -> Iterator[bytes]:
    """Yield the line of names."""
    if bom:
        yield BOM
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(columns)
    yield flush(out)


def body(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Yield a line for each row, many in a part."""
    out = io.StringIO(newline="")
    lines = csv.writer(out, quoting=csv.QUOTE_ALL)
    cells = [(name, time_cell if name.endswith(TIMES) else cell) for name in columns]
    for number, row in enumerate(rows, start=1):
        lines.writerow([made(row[name]) for name, made in cells])
        if number % ROWS_PER_PART == 0:
            yield flush(out)
    yield flush(out)


def flush(out: io.StringIO) -> bytes:
    """Return what was written since the last call."""
    data = out.getvalue().encode("utf-8", "replace")
    out.seek(0)
    out.truncate()
    return data


def cell(value: object) -> str:
    """Return a cell that a spreadsheet neither runs nor cuts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return neutralise(shortened(str(value)))


def time_cell(time: object) -> str:
    """Return the cell of a time; of any other text, as it is."""
    return spreadsheet_time(str(time)) or cell(time)


def spreadsheet_time(text: str) -> str:
    """Return a time as every spreadsheet reads it; "" for what it could not read."""
    found = TIME.fullmatch(text)
    if text and not found and (moment := parse_time(text)):
        found = TIME.fullmatch(format_time(moment))
    if found is None or found[1] < FIRST_DAY:
        return ""
    return f"{found[1]} {found[2]}"


def shortened(text: str) -> str:
    if len(text) <= LONGEST_CELL // 2:  # no character is more than two of UTF-16
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) // 2 < LONGEST_CELL:  # an apostrophe may come in front
        return text
    mark = f" [cut: {len(text)} characters]"
    kept = units[: 2 * (LONGEST_CELL - len(mark) - 1)]
    return kept.decode("utf-16-le", "ignore") + mark


def neutralise(cell: str) -> str:
    return f"'{cell}" if cell.startswith(NEUTRALISED) else cell
