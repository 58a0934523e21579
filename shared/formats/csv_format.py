"""`messages.csv`: one row per message, its current version. RFC 4180, UTF-8, CRLF.

A spreadsheet runs a cell that begins with = + - @ or their full-width forms (or with a
tab, a line end or a NUL before one) as a formula. Such a cell, and one that begins with
an apostrophe, gets an apostrophe in front; removing one leading apostrophe from a cell
restores it exactly. A cell that is longer than a spreadsheet takes is cut, and says so:
it stands whole in `transcript.json`.
"""

import csv
import io
from collections.abc import Iterable, Iterator

from shared.domain.thread.transcript import Transcript
from shared.formats.part import Options, RenderedFile
from shared.formats.rows import MESSAGE_COLUMNS, Row, message_rows

NEUTRALISED = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n\0'")
LONGEST_CELL = 32_767
"""Characters of a cell in Excel, which cuts it or spills over further rows."""
ROWS_PER_PART = 500
BOM = b"\xef\xbb\xbf"


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "messages.csv", parts(message_rows(transcript), bom=options.bom)


def parts(rows: Iterable[Row], *, bom: bool) -> Iterator[bytes]:
    out = io.StringIO(newline="")
    table = csv.writer(out, quoting=csv.QUOTE_ALL)
    table.writerow([column.name for column in MESSAGE_COLUMNS])
    if bom:
        yield BOM
    for number, row in enumerate(rows, start=1):
        table.writerow(
            [neutralise(cell(row[column.name])) for column in MESSAGE_COLUMNS]
        )
        if number % ROWS_PER_PART == 0:
            yield flush(out)
    yield flush(out)


def flush(out: io.StringIO) -> bytes:
    """Return what was written since the last call."""
    data = out.getvalue().encode()
    out.seek(0)
    out.truncate()
    return data


def cell(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if len(text) < LONGEST_CELL:  # an apostrophe may come in front
        return text
    mark = f" [cut: {len(text)} characters]"
    return text[: LONGEST_CELL - len(mark) - 1] + mark


def neutralise(cell: str) -> str:
    return f"'{cell}" if cell.startswith(NEUTRALISED) else cell
