"""One file of many threads has the rows of each thread's own file, in their order."""

import csv
import io
import json
import tracemalloc

import duckdb
import openpyxl
import pandas as pd
import pytest
from inputs import logged
from pyarrow import parquet

from builders import received, thread_created, to_log
from shared.domain.thread.replay import replay
from shared.formats import parquet_format, registry
from shared.formats.part import PLAIN, Options
from shared.formats.registry import FORMATS, written
from shared.formats.rows import MESSAGE_COLUMNS
from threads import THREADS

SINGLE = [name for name, format in FORMATS.items() if format.single]
COLUMNS = [column.name for column in MESSAGE_COLUMNS]
IDS = ("0012", "19:b\u202e@x", "19:c\n@x")


def others():
    return [
        replay(
            thread_id,
            logged(
                to_log(
                    thread_created(threadId=thread_id, properties={"topic": "two\r\nlines, =1"}),
                    *(received(at, f"={at}", threadId=thread_id) for at in range(3)),
                )
            ),
            (),
        )
        for thread_id in IDS
    ]  # fmt: skip


@pytest.fixture(scope="module")
def threads():
    return [*(make() for make in THREADS.values()), *others()]


@pytest.fixture
def single(tmp_path):
    def single(name, threads, options=PLAIN):
        file = tmp_path / f"all.{name}"
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        with file.open("wb") as out:
            table = FORMATS[name].single(out, scratch, options)
            for thread in threads:
                table.add(thread)
            table.finish()
            assert not out.closed
        return file

    return single


def own(name, thread, options=PLAIN):
    files = dict(written([FORMATS[name]], thread, options))
    return files[f"messages.{name}"]


def test_four_formats_can_be_one_file():
    assert SINGLE == ["jsonl", "csv", "parquet", "xlsx"]


def test_jsonl_is_one_file_after_the_other(single, threads):
    data = single("jsonl", threads).read_bytes()

    assert data == b"".join(own("jsonl", thread) for thread in threads)


@pytest.mark.parametrize("bom", [False, True])
def test_csv_is_one_table(single, threads, bom):
    data = single("csv", threads, Options(bom=bom)).read_bytes()

    parts = [own("csv", thread) for thread in threads]
    head = parts[0].partition(b"\r\n")[0] + b"\r\n"
    mark = b"\xef\xbb\xbf" if bom else b""
    assert data == mark + head + b"".join(part.removeprefix(head) for part in parts)


def test_parquet_has_the_same_rows_and_types(single, threads):
    table = parquet.read_table(single("parquet", threads))

    tables = [parquet.read_table(io.BytesIO(own("parquet", one))) for one in threads]
    assert table.to_pylist() == [row for one in tables for row in one.to_pylist()]
    assert table.schema == tables[0].schema


def test_xlsx_has_the_same_rows(single, threads):
    file = single("xlsx", threads)

    def cells(of):
        lines = openpyxl.load_workbook(of).active.iter_rows(2, values_only=True)
        return [
            [None if isinstance(value, str) else value for value in line]
            for line in lines
        ]

    expected = [cells(io.BytesIO(own("xlsx", thread))) for thread in threads]
    assert cells(file) == [line for lines in expected for line in lines]


def test_all_have_the_same_messages_in_the_same_order(single, threads):
    expected = [(t.thread_id, m.id) for t in threads for m in t.messages]
    jsonl = single("jsonl", threads).read_text("utf-8").splitlines()
    text = single("csv", threads).read_bytes().decode()
    found = {
        "jsonl": [(row["thread_id"], row["message_id"]) for row in map(json.loads, jsonl)],
        "csv": [(row["thread_id"], row["message_id"]) for row in csv.DictReader(io.StringIO(text, newline=""))],
        "parquet": [(row["thread_id"], row["message_id"]) for row in parquet.read_table(single("parquet", threads)).to_pylist()],
        "xlsx": [(line[0], line[2]) for line in openpyxl.load_workbook(single("xlsx", threads)).active.iter_rows(2, values_only=True)],
    }  # fmt: skip

    assert set(found) == set(SINGLE)
    for name, rows in found.items():
        assert rows == expected, name


@pytest.mark.parametrize("name", ["jsonl", "parquet"])
def test_duckdb_groups_by_thread(single, threads, name):
    file = single(name, threads)

    found = duckdb.sql(
        f"SELECT thread_id, any_value(thread_topic), count(*) FROM '{file}' GROUP BY ALL"  # noqa: S608
    ).fetchall()

    assert {row for row in found if row[0] in IDS} == {
        (thread_id, "two\r\nlines, =1", 3) for thread_id in IDS
    }


def test_duckdb_and_pandas_read_the_csv(single):
    file = single("csv", others())

    rows = duckdb.read_csv(str(file), header=True, all_varchar=True)
    table = pd.read_csv(file, dtype=str, keep_default_na=False)

    assert rows.columns == list(table.columns) == COLUMNS
    ids = [thread_id for thread_id in IDS for _ in range(3)]
    assert list(table["thread_id"]) == ids
    assert [row[0] for row in rows.fetchall()] == ids
    assert set(table["content"]) == {"'=0", "'=1", "'=2"}


@pytest.mark.parametrize("name", SINGLE)
def test_a_file_of_threads_without_messages_has_its_columns(single, name):
    file = single(name, [THREADS["empty"]()])

    if name == "jsonl":
        assert file.read_bytes() == b""
    elif name == "csv":
        assert list(pd.read_csv(file).columns) == COLUMNS
    elif name == "parquet":
        assert parquet.read_table(file).column_names == COLUMNS
    else:
        assert list(pd.read_excel(file).columns) == COLUMNS


def test_parquet_is_written_in_groups_over_threads(single, threads, monkeypatch):
    monkeypatch.setattr(parquet_format, "ROWS_PER_GROUP", 7)

    file = parquet.ParquetFile(single("parquet", threads))

    sizes = [
        file.metadata.row_group(number).num_rows
        for number in range(file.metadata.num_row_groups)
    ]
    assert set(sizes[:-1]) == {7}
    assert sum(sizes) == sum(len(thread.messages) for thread in threads)


@pytest.mark.parametrize("name", SINGLE)
def test_memory_does_not_grow_with_the_threads(single, name, monkeypatch):
    monkeypatch.setattr(parquet_format, "ROWS_PER_GROUP", 50)
    (thread, *_) = others()
    peaks = []
    for count in (50, 50, 500):  # the first run imports
        tracemalloc.start()
        single(name, (thread for _ in range(count)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[2] - peaks[1] < 300_000, peaks


@pytest.mark.parametrize("name", SINGLE)
def test_a_table_that_is_abandoned_leaves_nothing_to_complain(name, tmp_path, capfd):
    with (tmp_path / "m").open("wb") as out:
        table = FORMATS[name].single(out, tmp_path, PLAIN)
        table.add(THREADS["rich"]())
        table.abandon()
    del table

    assert capfd.readouterr() == ("", "")


PLANNED = {"graph-import", "finetune"}
"""Small, and made as a whole."""


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in PLANNED])
def test_what_nobody_consumes_is_not_rendered(name, monkeypatch):
    for module in ("eml_format", "rsmf_format"):
        monkeypatch.setattr(f"shared.formats.{module}.mail", None)
    monkeypatch.setattr(parquet_format, "table", None)
    monkeypatch.setattr("shared.formats.xlsx_format.workbook", None)

    names = [name for name, _ in registry.streamed([FORMATS[name]], THREADS["rich"]())]

    assert names
