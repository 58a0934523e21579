"""`messages.xlsx`: the columns and words of `messages.csv`, as an Excel workbook.

It needs XlsxWriter (the extra `xlsx`), whose output differs from version to version, so
it is for exports only, never part of an archive.

Rule 1: what people wrote is text, and stays text when somebody edits its cell. An id or
        a version is text too: Excel would round it. Numbers are counts alone.
Rule 2: a cell that is longer than Excel takes is cut, and says so, as in csv.
Rule 3: a time is one of Excel's, in UTC and whole seconds; where Excel knows no such
        time, it stays as it is.
"""

import io
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from shared.domain.errors import ArchiverError
from shared.domain.thread.transcript import Transcript
from shared.formats.csv_format import (
    TIMES,
    message_rows,
    shortened,
    spreadsheet_time,
    with_people,
)
from shared.formats.names import names
from shared.formats.part import Options, RenderedFile, Table, made
from shared.formats.rows import MESSAGE_COLUMNS, Row

ROWS_PER_SHEET = 1_048_576
"""With the row of names; Excel has no more."""
COUNTS = "_count"
TEXT = "@"
"""The number format of a cell that Excel takes for text whatever is typed there."""
TIME = "yyyy-mm-dd hh:mm:ss"
WIDTH, WIDE = 20, 80
"""Characters of a column, and of the one with the contents."""


class NoXlsx(ArchiverError):
    """XlsxWriter is not installed."""


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "messages.xlsx", made(workbook, transcript, options)


def workbook(transcript: Transcript, options: Options) -> bytes:
    out = io.BytesIO()
    sheets = Sheets(out, {"in_memory": True}, options)
    sheets.add(transcript)
    sheets.finish()
    return out.getvalue()


def single(out: IO[bytes], scratch: Path, options: Options) -> Table:
    """Begin one workbook of the messages of many threads; its rows wait on disk."""
    on_disk = {"constant_memory": True, "tmpdir": str(scratch)}
    return Sheets(out, on_disk, options)


class Sink:
    """An open file until the workbook is written; after that, nothing is.

    After an error, such as a full disk, the library would write once more when it is
    collected, and complain on the terminal that it cannot.
    """

    def __init__(self, out: IO[bytes]) -> None:
        self.out = out
        self.is_over = False
        self.at = 0

    def write(self, data: bytes) -> int:
        self.at += len(data)
        return len(data) if self.is_over else self.out.write(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.at = offset if self.is_over else self.out.seek(offset, whence)
        return self.at

    def tell(self) -> int:
        return self.at if self.is_over else self.out.tell()

    def flush(self) -> None:
        if not self.is_over:
            self.out.flush()


class Sheets:
    """Messages in the sheets of a workbook; a full one is followed by another."""

    def __init__(
        self, out: IO[bytes], memory: dict[str, Any], options: Options
    ) -> None:
        """Begin the workbook.

        Raises:
            NoXlsx: the extra is not installed.

        """
        try:
            from xlsxwriter import Workbook
        except ImportError:
            raise NoXlsx("xlsx needs XlsxWriter: install the extra `xlsx`") from None
        as_written = {"strings_to_formulas": False, "strings_to_urls": False}
        self.people = options.people
        self.columns = with_people(MESSAGE_COLUMNS, options)
        self.sink = Sink(out)
        self.book = Workbook(self.sink, memory | as_written)
        self.book.use_zip64()  # or more than 4 GiB of rows would be refused at the end
        self.text = self.book.add_format({"num_format": TEXT})
        self.time = self.book.add_format({"num_format": TIME})
        self.bold = self.book.add_format({"bold": True})
        self.begin_sheet()

    def begin_sheet(self) -> None:
        number = len(self.book.worksheets()) + 1
        self.sheet = self.book.add_worksheet(
            f"messages {number}" if number > 1 else "messages"
        )
        self.sheet.freeze_panes(1, 0)
        # Excel would mark every id as a number that is stored as text.
        everything = f"A1:XFD{ROWS_PER_SHEET}"
        self.sheet.ignore_errors({"number_stored_as_text": everything})
        for place, column in enumerate(self.columns):
            width = WIDE if column.name == "content" else WIDTH
            self.sheet.set_column(place, place, width)
            self.sheet.write_string(0, place, column.name, self.bold)
        self.rows = 1

    def add(self, transcript: Transcript) -> None:
        for row in message_rows(transcript, names(transcript, self.people)):
            if self.rows == ROWS_PER_SHEET:
                self.end_sheet()
                self.begin_sheet()
            self.write_row(row)
            self.rows += 1

    def write_row(self, row: Row) -> None:
        for place, column in enumerate(self.columns):
            value = row[column.name]
            at = self.rows, place
            if value == "":
                continue
            if isinstance(value, bool):
                self.sheet.write_boolean(*at, value)
            elif column.name.endswith(COUNTS):
                self.sheet.write_number(*at, value)
            elif column.name.endswith(TIMES) and (moment := excel_time(str(value))):
                self.sheet.write_datetime(*at, moment, self.time)
            else:
                self.write_text(*at, shortened(str(value)))

    def write_text(self, row: int, place: int, text: str) -> None:
        """Write a text as it is.

        XlsxWriter takes one that begins and ends like its own marks of a rich text for
        such a text, and would write it unescaped. In pieces it escapes it.
        """
        if text.startswith("<r>") and text.endswith("</r>"):
            pieces = text[:1], text[1:2], text[2:]
            self.sheet.write_rich_string(row, place, *pieces, self.text)
        else:
            self.sheet.write_string(row, place, text, self.text)

    def end_sheet(self) -> None:
        self.sheet.autofilter(0, 0, self.rows - 1, len(self.columns) - 1)

    def finish(self) -> None:
        """Write the workbook.

        Raises:
            OSError: the disk is full.

        """
        from xlsxwriter.exceptions import FileCreateError

        self.end_sheet()
        try:
            self.book.close()
        except FileCreateError as error:
            raise error.args[0] from None
        finally:
            self.sink.is_over = True

    def abandon(self) -> None:
        """Close the rows that wait on disk: no more is written of the workbook.

        Left open, on a full disk they would complain on the terminal when collected.
        """
        for sheet in self.book.worksheets():
            with suppress(OSError):
                sheet.row_data_fh.close()


def excel_time(text: str) -> datetime | None:
    """Return a time that Excel can hold; None for any other text."""
    try:
        return datetime.fromisoformat(spreadsheet_time(text))
    except ValueError:
        return None
