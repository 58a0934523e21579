"""`messages.jsonl`, `history.jsonl`: flat rows for programs; `schema.sql` for both."""

from collections.abc import Iterable, Iterator

from shared.domain import json_line
from shared.domain.thread.transcript import Transcript
from shared.formats.part import Options, RenderedFile
from shared.formats.rows import (
    HISTORY_COLUMNS,
    MESSAGE_COLUMNS,
    Column,
    Row,
    history_rows,
    message_rows,
)

ROWS_PER_PART = 500


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "messages.jsonl", lines(message_rows(transcript))
    yield "history.jsonl", lines(history_rows(transcript))
    yield "schema.sql", iter([schema()])


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
    views = (("messages", MESSAGE_COLUMNS), ("history", HISTORY_COLUMNS))
    head = "-- Run it in the folder that holds thread=…/: duckdb -init schema.sql\n"
    return (head + "".join(view(name, columns) for name, columns in views)).encode()


def view(name: str, columns: Iterable[Column]) -> str:
    types = ",\n".join(f"    {column.name}: '{column.type}'" for column in columns)
    notes = "".join(f"--   {column.name}: {column.meaning}\n" for column in columns)
    return (
        f"\n{notes}CREATE OR REPLACE VIEW {name} AS\n"
        f"SELECT * FROM read_json('thread=*/rev=*/{name}.jsonl',\n"
        "  format = 'newline_delimited', hive_partitioning = true,\n"
        f"  columns = {{\n{types}\n  }});\n"
    )
