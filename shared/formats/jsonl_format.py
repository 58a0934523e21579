"""`messages.jsonl`, `history.jsonl`, `receipts.jsonl`: flat rows for programs.

`schema.sql` has a view of each.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from shared.domain import json_line
from shared.domain.thread.transcript import Transcript
from shared.formats.part import Appended, Options, RenderedFile, Table
from shared.formats.rows import (
    HISTORY_COLUMNS,
    MESSAGE_COLUMNS,
    RECEIPT_COLUMNS,
    Column,
    Row,
    history_rows,
    message_rows,
    receipt_rows,
)

ROWS_PER_PART = 500
VIEW = """\
CREATE OR REPLACE VIEW $name AS
WITH finished AS (
  SELECT parse_path(file)[-3] AS thread, parse_path(file)[-2] AS revision
  FROM glob('thread=*/rev=*/manifest.json')
  INTERSECT
  SELECT parse_path(file)[-3], parse_path(file)[-2]
  FROM glob('thread=*/rev=*/$name.jsonl')
), newest AS (
  SELECT thread, arg_max(revision, revision[5:]::INTEGER) AS revision
  FROM finished GROUP BY thread
)
SELECT * EXCLUDE (filename) FROM read_json('thread=*/rev=*/$name.jsonl',
  format = 'newline_delimited', hive_partitioning = true, filename = true,
  columns = {
$types
  })
WHERE (parse_path(filename)[-3], parse_path(filename)[-2])
  IN (SELECT (thread, revision) FROM newest);
"""
"""A revision holds all that those before it hold. Of each thread a view has the newest:
with its manifest, which a torn attempt lacks, and with the view's file."""


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "messages.jsonl", lines(message_rows(transcript))
    yield "history.jsonl", lines(history_rows(transcript))
    yield "receipts.jsonl", lines(receipt_rows(transcript))
    yield "schema.sql", iter([schema()])


def single(out: IO[bytes], scratch: Path, options: Options) -> Table:
    """Begin one file of the messages of many threads."""
    return Appended(out, lambda thread: lines(message_rows(thread)))


def lines(rows: Iterable[Row]) -> Iterator[bytes]:
    part: list[str] = []
    for row in rows:
        part.append(json_line.compact(row) + "\n")
        if len(part) == ROWS_PER_PART:
            yield json_line.encode("".join(part))
            part = []
    yield json_line.encode("".join(part))


def schema() -> bytes:
    """Return DuckDB views over all archives in a folder, with all column types."""
    views = (
        ("messages", MESSAGE_COLUMNS),
        ("history", HISTORY_COLUMNS),
        ("receipts", RECEIPT_COLUMNS),
    )
    head = (
        "-- Views over all threads. In the folder that holds thread=…/ run any copy:\n"
        "-- duckdb -init thread=…/rev=…/schema.sql, or duckdb.sql(its text) in Python\n"
    )
    return (head + "".join(view(name, columns) for name, columns in views)).encode()


def view(name: str, columns: Iterable[Column]) -> str:
    types = ",\n".join(f"    {column.name}: '{column.type}'" for column in columns)
    notes = "".join(f"--   {column.name}: {column.meaning}\n" for column in columns)
    return f"\n{notes}{VIEW.replace('$name', name).replace('$types', types)}"
