"""`messages.parquet`: the columns of `messages.jsonl`, for analytics.

It needs pyarrow (the extra `parquet`), whose output differs from version to version, so
it is for exports only, never part of an archive.
"""

import io
from collections.abc import Iterator
from itertools import islice

from shared.domain.errors import ArchiverError
from shared.domain.thread.transcript import Transcript
from shared.formats.part import Options, RenderedFile
from shared.formats.rows import MESSAGE_COLUMNS, NUMBER, TRUTH, message_rows

ROWS_PER_GROUP = 10_000


class NoParquet(ArchiverError):
    """pyarrow is not installed."""


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "messages.parquet", iter([table(transcript)])


def table(transcript: Transcript) -> bytes:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise NoParquet("parquet needs pyarrow: install the extra `parquet`") from None
    types = {NUMBER: pa.int64(), TRUTH: pa.bool_()}
    schema = pa.schema(
        [
            (column.name, types.get(column.type, pa.string()))
            for column in MESSAGE_COLUMNS
        ]
    )
    out = io.BytesIO()
    rows = message_rows(transcript)
    with parquet.ParquetWriter(out, schema, compression="zstd") as file:
        while batch := list(islice(rows, ROWS_PER_GROUP)):
            file.write_table(pa.Table.from_pylist(batch, schema=schema))
    return out.getvalue()
