"""Text and tables as people's tools write them.

PowerShell writes UTF-16, a spreadsheet writes semicolons or tabs where the comma is for
decimals, and an old one ends its lines with CR. What cannot be told for sure is refused
with a sentence that says what to do.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import zip_longest

from shared.cli.options import Unreadable

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SEPARATORS = ",;\t"
DECLARED = re.compile(r"sep=(.)\n")
"""The first line of a file in which Excel says what stands between its cells."""


def decoded(data: bytes, name: str) -> str:
    """Return a file's text, its lines ended by LF.

    Raises:
        Unreadable: it is not UTF-8, nor UTF-16 that says so.

    """
    encoding = "utf-16" if data.startswith(UTF16) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Unreadable(
            f"{name} is not UTF-8. Save it as UTF-8 (in Excel: CSV UTF-8)."
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def rows_of(text: str, name: str) -> Iterator[list[str]]:
    """Yield the rows of a table, with commas, semicolons or tabs between its cells.

    Raises:
        Unreadable: it is no such table.

    """
    separator = ","
    if declared := DECLARED.match(text):
        separator, text = declared[1], text[declared.end() :]
    else:
        # The first line of cells tells: a name may have a comma, a comment anything.
        lines = (line for line in text.split("\n") if line.strip() and line[0] != "#")
        separator = max(SEPARATORS, key=next(lines, "").count)
    try:
        yield from csv.reader(
            io.StringIO(text, newline=""), delimiter=separator, strict=True
        )
    except csv.Error as error:
        raise Unreadable(
            f"{name} is no table of cells with commas between them: {error}."
        ) from None


def records_of(text: str, name: str) -> Iterator[dict[str, str]]:
    """Yield each row by the names in the first one, in lower case and without blanks.

    Raises:
        Unreadable: it is no such table; two columns have one name, or a row has more
            cells than there are columns, so that nobody knows which is which.

    """
    rows = rows_of(text, name)
    names = [cell.strip().lower() for cell in next(rows, [])]
    if twice := [each for each in names if each and names.count(each) > 1]:
        raise Unreadable(f"{name} has two columns that are called {twice[0]}.")
    for number, row in enumerate(filter(any, rows), start=2):
        if any(row[len(names) :]):
            raise Unreadable(
                f"{name}, row {number}: it has more cells than there are columns. Put "
                'a cell that has commas in it between quotes, as in "Archer, Ann".'
            )
        yield dict(zip_longest(names, row[: len(names)], fillvalue=""))
