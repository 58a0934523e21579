"""The Parquet files of a folder: read again, and written one after the other.

Rule 1: a file is ended once it has 128 MB, unless what is left would make one of less
        than 64 MB: then it goes on. So every file of a large month has 64 to 256 MB,
        and a smaller month is one file.
Rule 2: zstd, groups of rows that are cut by time, and statistics of every column.
"""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from shared.adapters.storage.archive_folder import open_in_folder
from shared.adapters.tables.arrow import schema_of, table_of, with_key
from shared.ports.tables_folder import DamagedPart, Part

TARGET = 128 * 10**6
"""Bytes at which a file is ended; half of that is the least that the next may have."""
GROUP_ROWS, GROUP_BYTES = 131_072, 16 * 2**20
"""A group of rows is written when it has so many rows, or so many bytes of them."""
READ_ROWS = 1024
"""Rows that are read at once of a file that is written again."""
NAME = "part-{:04d}.parquet"
NEW = ".new"
"""How a name ends until readers may see the file: they look for `.parquet`."""


class OpenPart:
    """A file that is being written."""

    def __init__(self, file: Path, schema: pa.Schema) -> None:
        self.file = file
        self.rows = 0
        self.out: IO[bytes] = open_in_folder(str(file), "wb")
        self.writer = parquet.ParquetWriter(self.out, schema, compression="zstd")

    def write(self, rows: pa.Table) -> None:
        """Write rows as one group."""
        self.writer.write_table(rows, row_group_size=max(1, rows.num_rows))
        self.rows += rows.num_rows

    def end(self) -> Part:
        """End the file: it is on the disk then."""
        self.writer.close()
        self.out.flush()
        os.fsync(self.out.fileno())
        self.out.close()
        return Part(
            name=self.file.name.removesuffix(NEW),
            bytes=self.file.stat().st_size,
            rows=self.rows,
            sha256=digest_of(self.file),
        )

    def abandon(self) -> None:
        """Let go of a file that cannot be ended: the disk may be full."""
        with suppress(OSError):
            self.writer.close()
        with suppress(OSError):
            self.out.close()


class Parts:
    """Writes the files of one folder, from rows that are sorted.

    `expected` is how many rows come, or somewhat more.
    """

    def __init__(
        self, new: Path, folder: str, expected: int, target: int = TARGET
    ) -> None:
        self.new = new
        self.schema = schema_of(table_of(folder))
        self.rest = expected
        self.target = target
        self.open: OpenPart | None = None
        self.parts: list[Part] = []

    def write(self, rows: Iterable[pa.Table]) -> Sequence[Part]:
        """Write rows; return the files, none where there is no row."""
        try:
            for group in in_groups(rows, min(GROUP_BYTES, self.target)):
                self.write_group(group.select(self.schema.names))
            if self.open:
                self.end(self.open)
        finally:
            if self.open:
                self.open.abandon()
        return self.parts

    def write_group(self, rows: pa.Table) -> None:
        part = self.open = self.open or self.begin()
        part.write(rows)
        self.rest -= rows.num_rows
        size = part.out.tell()
        next_size = self.rest * size / part.rows
        if size >= self.target and next_size >= self.target / 2:
            self.end(part)

    def begin(self) -> OpenPart:
        name = NAME.format(len(self.parts) + 1) + NEW
        return OpenPart(self.new / name, self.schema)

    def end(self, part: OpenPart) -> None:
        self.parts.append(part.end())
        self.open = None

    def write_empty(self) -> Sequence[Part]:
        """Write one file without a row, which tells readers the columns."""
        part = self.begin()
        part.write(self.schema.empty_table())
        return [part.end()]


def in_groups(rows: Iterable[pa.Table], enough: int) -> Iterator[pa.Table]:
    """Yield rows in groups of so many bytes, or somewhat more."""
    waiting, count, size = list[pa.Table](), 0, 0
    for some in rows:
        waiting.append(some)
        count, size = count + some.num_rows, size + some.nbytes
        if count >= GROUP_ROWS or size >= enough:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting, count, size = [], 0, 0
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def rows_again(
    place: Path, folder: str, parts: Sequence[Part], without: Collection[str]
) -> Iterator[pa.Table]:
    """Yield the sorted rows of a folder's files, but for those of some threads.

    Raises:
        DamagedPart: a file is not what was written.

    """
    gone = pa.array(list(without), pa.string())
    for part in parts:
        file = place / part.name
        with file.open("rb") as data:
            if hashlib.file_digest(data, "sha256").hexdigest() != part.sha256:
                raise DamagedPart(f"{folder}/{part.name} is not what was written")
            data.seek(0)
            # Read as it is needed: a group of rows may be large.
            stored = parquet.ParquetFile(data, buffer_size=2**20, pre_buffer=False)
            for batch in stored.iter_batches(batch_size=READ_ROWS, use_threads=False):
                rows = pa.Table.from_batches([batch])
                kept = rows.filter(pc.invert(pc.is_in(rows["thread_id"], gone)))
                yield with_key(table_of(folder), kept)


def digest_of(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
