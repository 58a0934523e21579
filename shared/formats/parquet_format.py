"""`messages.parquet`: the columns of `messages.jsonl`, for analytics.

It needs pyarrow (the extra `parquet`), whose output differs from version to version, so
it is for exports only, never part of an archive.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from shared.domain.errors import ArchiverError
from shared.domain.thread.transcript import Transcript
from shared.formats.part import Options, RenderedFile, Table, made
from shared.formats.rows import MESSAGE_COLUMNS, NUMBER, TRUTH, Row, message_rows

ROWS_PER_GROUP = 10_000


class NoParquet(ArchiverError):
    """pyarrow is not installed."""


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "messages.parquet", made(table, transcript)


def table(transcript: Transcript) -> bytes:
    out = io.BytesIO()
    rows = Rows(out)
    rows.add(transcript)
    rows.finish()
    return out.getvalue()


def single(out: IO[bytes], scratch: Path, options: Options) -> Table:
    """Begin one file of the messages of many threads."""
    return Rows(out)


class Rows:
    """The messages of one thread or of many, a group of rows after the other."""

    def __init__(self, out: IO[bytes]) -> None:
        """Begin the file.

        Raises:
            NoParquet: the extra is not installed.

        """
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError:
            raise NoParquet(
                "parquet needs pyarrow: install the extra `parquet`"
            ) from None
        types = {NUMBER: pa.int64(), TRUTH: pa.bool_()}
        self.schema = pa.schema(
            [
                (column.name, types.get(column.type, pa.string()))
                for column in MESSAGE_COLUMNS
            ]
        )
        self.group = pa.Table.from_pylist
        self.file = parquet.ParquetWriter(out, self.schema, compression="zstd")
        self.waiting: list[Row] = []

    def add(self, transcript: Transcript) -> None:
        """Write full groups; what is left waits for the next thread."""
        for row in message_rows(transcript):
            self.waiting.append(row)
            if len(self.waiting) == ROWS_PER_GROUP:
                self.write_group()

    def write_group(self) -> None:
        self.file.write_table(self.group(self.waiting, schema=self.schema))
        self.waiting = []

    def finish(self) -> None:
        if self.waiting:
            self.write_group()
        self.file.close()

    def abandon(self) -> None:
        """End the file: its writer would do it later, when it is closed already."""
        self.file.close()
