"""Rows as Arrow has them: the types of columns, and what rows are sorted by."""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from shared.formats.parquet_format import NoParquet
from shared.formats.rows import NUMBER, TRUTH
from shared.formats.tables.columns import ORDER, TABLES, TIME

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError:
    raise NoParquet("tables needs pyarrow: install the extra `parquet`") from None

FOLDER, KEY = "folder", "key"
"""Columns that rows have until they are written: where to, and in which order."""
TYPES = {NUMBER: pa.int64(), TRUTH: pa.bool_(), TIME: pa.timestamp("us", "UTC")}
SINCE_1900 = 2_208_988_800_000_000
"""Microseconds from 1900, before which there is no time, to 1970."""
LONGEST_TIME, LONGEST_NUMBER = 18, 20
"""Digits."""
NUMBERS = ("message_id",)
"""Texts that are ordered as the numbers that they are."""
MOST_ROWS = 10_000
"""Rows of one batch: a column of it cannot hold more than 2 GB."""


@functools.cache
def schema_of(table: str) -> pa.Schema:
    """Return the schema of a table's files."""
    return pa.schema(
        [(column.name, TYPES.get(column.type, pa.string())) for column in TABLES[table]]
    )


@functools.cache
def schema_to_sort(table: str) -> pa.Schema:
    """Return the schema of rows that are not sorted yet."""
    return schema_of(table).append(pa.field(FOLDER, pa.string()))


class Batch(NamedTuple):
    """Rows of one table as one piece of memory, which goes from process to process."""

    table: str
    folders: tuple[str, ...]
    data: bytes

    @property
    def rows(self) -> pa.RecordBatch:
        return pa.ipc.read_record_batch(
            pa.py_buffer(self.data), schema_to_sort(self.table)
        )


def table_of(folder: str) -> str:
    return folder.partition("/")[0]


def prepare(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Batch]:
    """Return rows as Arrow has them."""
    return list(batches(rows))


def batches(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Batch]:
    waiting: dict[str, list[Mapping[str, Any]]] = {}
    for folder, row in rows:
        of_table = waiting.setdefault(table_of(folder), [])
        of_table.append({**row, FOLDER: folder})
        if len(of_table) == MOST_ROWS:
            yield batch(table_of(folder), of_table)
            of_table.clear()
    for table, of_table in waiting.items():
        if of_table:
            yield batch(table, of_table)


def batch(table: str, rows: Sequence[Mapping[str, Any]]) -> Batch:
    made = pa.RecordBatch.from_pylist(rows, schema=schema_to_sort(table))
    folders = dict.fromkeys(row[FOLDER] for row in rows)
    return Batch(table, tuple(folders), made.serialize().to_pybytes())


def with_key(table: str, rows: pa.Table) -> pa.Table:
    """Return rows with what they are sorted by, as one text: no two have the same."""
    names = ORDER[table]
    types = rows.schema
    parts = [as_text(name, rows[name], types.field(name).type) for name in names]
    return rows.append_column(KEY, pc.binary_join_element_wise(*parts, " "))


def as_text(name: str, values: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    """Return values as texts of the same order; a time that is null comes first."""
    if pa.types.is_timestamp(type_):
        since = pc.add(pc.fill_null(values.cast(pa.int64()), -SINCE_1900), SINCE_1900)
        return pc.utf8_lpad(since.cast(pa.string()), LONGEST_TIME, "0")
    if pa.types.is_integer(type_) or name in NUMBERS:
        return pc.utf8_lpad(values.cast(pa.string()), LONGEST_NUMBER, "0")
    return values


def sort(rows: pa.Table, *names: str) -> pa.Table:
    return rows.combine_chunks().sort_by([(name, "ascending") for name in names])
