"""Sorts more rows than memory holds: in pieces on the disk, then merged.

Rule 1: rows are sorted a budget at a time and written as small pieces, each of one
        folder. Merging holds one piece of each sorting, so memory grows by 128 kB for
        every 32 MB of rows: 40 MB for 10 GB of them.
Rule 2: pieces are compressed, and in one file a table.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from shared.adapters.storage.archive_folder import open_in_folder
from shared.adapters.tables.arrow import (
    FOLDER,
    KEY,
    Batch,
    schema_to_sort,
    sort,
    with_key,
)

BUDGET = 32 * 2**20
"""Bytes of rows that are sorted at once."""
PIECE = 128 * 2**10
"""Bytes of rows that are read at once of each sorting."""
CODEC = pa.Codec("lz4")


class Piece(NamedTuple):
    """Where some sorted rows stand in a file, and their size when decompressed."""

    start: int
    stored: int
    bytes: int


class SortOnDisk:
    """Takes the rows of one table in any order; returns those of a folder sorted."""

    def __init__(self, table: str, folder: Path, budget: int = BUDGET) -> None:
        self.table = table
        self.file = folder / f"{table}.sorting"
        self.schema = schema_to_sort(table).append(pa.field(KEY, pa.string()))
        self.budget = budget
        self.out: IO[bytes] = open_in_folder(str(self.file), "w+b")
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        self.out.truncate(0)
        self.waiting: list[tuple[Batch, tuple[str, ...]]] = []
        self.waiting_bytes = 0
        self.sorted: dict[str, list[list[Piece]]] = {}
        """By folder, the pieces of each time that rows were sorted."""
        self.rows: dict[str, int] = {}

    def add(self, batch: Batch, folders: Collection[str]) -> None:
        """Take in the rows of some folders."""
        wanted = tuple(folder for folder in batch.folders if folder in folders)
        if not wanted:
            return
        self.waiting.append((batch, wanted))
        self.waiting_bytes += len(batch.data)
        if self.waiting_bytes >= self.budget:
            self.flush()

    def flush(self) -> None:
        """Sort what waits, and write it."""
        if not self.waiting:
            return
        batches = [rows_in(batch, folders) for batch, folders in self.waiting]
        rows = with_key(self.table, pa.Table.from_batches(batches))
        self.waiting, self.waiting_bytes = [], 0
        rows = sort(rows, FOLDER, KEY)
        start = 0
        folders = pc.run_end_encode(rows[FOLDER].combine_chunks())
        ends = zip(
            folders.run_ends.to_pylist(), folders.values.to_pylist(), strict=True
        )
        for end, folder in ends:
            of_folder = rows.slice(start, end - start)
            self.sorted.setdefault(folder, []).append(list(self.write(of_folder)))
            self.rows[folder] = self.rows.get(folder, 0) + end - start
            start = end
        del rows, batches, of_folder
        pa.default_memory_pool().release_unused()  # which it keeps for a next time

    def write(self, rows: pa.Table) -> Iterator[Piece]:
        """Write sorted rows of one folder in pieces."""
        count = max(1, int(rows.num_rows * PIECE / max(rows.nbytes, PIECE)))
        for batch in rows.combine_chunks().to_batches(max_chunksize=count):
            data = batch.serialize()
            packed = CODEC.compress(data, asbytes=True)
            yield Piece(self.out.seek(0, 2), len(packed), data.size)
            self.out.write(packed)

    def of_folder(self, folder: str) -> list[Iterator[pa.Table]]:
        """Return the rows of a folder: sorted, once for each time they were."""
        self.flush()
        return [self.read(pieces) for pieces in self.sorted.get(folder, [])]

    def read(self, pieces: Sequence[Piece]) -> Iterator[pa.Table]:
        for piece in pieces:
            self.out.seek(piece.start)
            data = CODEC.decompress(self.out.read(piece.stored), piece.bytes)
            batch = pa.ipc.read_record_batch(data, self.schema)
            yield pa.Table.from_batches([batch]).drop_columns([FOLDER])

    def close(self) -> None:
        """Let go of the file, which nobody needs any more."""
        self.out.close()
        self.file.unlink(missing_ok=True)


def rows_in(batch: Batch, folders: tuple[str, ...]) -> pa.RecordBatch:
    """Return the rows of some of a batch's folders."""
    rows = batch.rows
    if folders == batch.folders:
        return rows
    return rows.filter(pc.is_in(rows[FOLDER], pa.array(folders)))


def merged(sources: Sequence[Iterator[pa.Table]]) -> Iterator[pa.Table]:
    """Yield the rows of sorted sources in one order, some at a time.

    Of what was read of each source, whatever comes before the first last row can be
    yielded: no source has anything before it that was not read.
    """
    waiting = {
        number: rows for number, source in enumerate(sources) if (rows := more(source))
    }
    while waiting:
        bound = min(rows[KEY][-1].as_py() for rows in waiting.values())
        ready = list[pa.Table]()
        for number, rows in [*waiting.items()]:
            count = pc.sum(pc.less_equal(rows[KEY], bound)).as_py()
            ready.append(rows.slice(0, count))
            if count < rows.num_rows:
                waiting[number] = rows.slice(count)
            elif rest := more(sources[number]):
                waiting[number] = rest
            else:
                del waiting[number]
        yield sort(pa.concat_tables(ready), KEY) if len(ready) > 1 else ready[0]


def more(source: Iterator[pa.Table]) -> pa.Table | None:
    """Return the next rows of a source; None where there are none."""
    return next((rows for rows in source if rows.num_rows), None)
