"""The rows of tables: odd times, odd texts, and columns that the docs name."""

import re
from pathlib import Path

import pyarrow as pa
import pytest
from inputs import logged
from pyarrow import parquet

from builders import FIRST_ID, THREAD, edited, received, thread_created, to_log
from shared.adapters.tables.arrow import prepare, schema_of
from shared.domain.thread.replay import replay
from shared.formats.rows import MESSAGE_COLUMNS, NUMBER, TEXT, TRUTH
from shared.formats.tables.columns import OF_THREADS, ORDER, TABLES, TIME
from shared.formats.tables.rows import OfRevision, folder_of, month_of, rows_of
from threads import HOSTILE, THREADS, rich

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
REVISION = OfRevision(number=1, written_on="2026-11-23T00:00:00Z", manifest="ab")
TYPES = {
    TEXT: "string", NUMBER: "int64", TRUTH: "bool", TIME: "timestamp[us, tz=UTC]",
}  # fmt: skip


def thread_of(*events):
    return replay(THREAD, logged(to_log(*events)), ())


def rows(transcript):
    """Return the rows of each table with their folders, as Parquet gives them back."""
    found = {}
    for batch in prepare(rows_of(transcript, REVISION)):
        out = pa.BufferOutputStream()
        parquet.write_table(pa.Table.from_batches([batch.rows]), out)
        found[batch.table] = parquet.read_table(out.getvalue()).to_pylist()
    return found


def documented(table):
    part = PAGE.partition("## `tables`")[2].partition(f"### `{table}`")[2]
    return re.findall(
        r"^\| `(\w+)` \| (\S.*?) \| (.*?) \|$", part.partition("\n#")[0], re.MULTILINE
    )


@pytest.mark.parametrize("table", TABLES)
def test_the_docs_name_every_column_with_type_and_meaning(table):
    expected = [
        (column.name, TYPES[column.type].replace("[us, tz=UTC]", ""), column.meaning)
        for column in TABLES[table]
    ]

    assert documented(table) == expected
    assert [(field.name, str(field.type)) for field in schema_of(table)] == [
        (column.name, TYPES[column.type]) for column in TABLES[table]
    ]


def test_tables_have_what_flat_files_have():
    names = {column.name for column in MESSAGE_COLUMNS} - set(OF_THREADS)

    assert names | {"text"} == {column.name for column in TABLES["messages"]}
    assert {"grade", "grade_reason", "topic"} <= {
        column.name for column in TABLES["threads"]
    }
    for table, names in ORDER.items():
        assert set(names) <= {column.name for column in TABLES[table]}
    # What folders are called by is no column: some readers would refuse both.
    assert not any(c.name == "month" for columns in TABLES.values() for c in columns)


@pytest.mark.parametrize("make", THREADS.values(), ids=THREADS)
def test_every_message_and_version_has_a_row(make):
    transcript = make()
    found = rows(transcript)

    ids = [message.id for message in transcript.messages]
    assert [row["message_id"] for row in found.get("messages", [])] == ids
    versions = [
        (message.id, version.number, version.commitment)
        for message in transcript.messages
        for version in message.versions
    ]
    assert [
        (row["message_id"], row["version"], row["commitment"])
        for row in found.get("versions", [])
    ] == versions
    (thread,) = found["threads"]
    assert thread["message_count"] == len(ids)
    assert (thread["revision"], thread["manifest"]) == (1, "ab")


@pytest.mark.parametrize("text", [*HOSTILE, "\x00", "x\udc00\ud800y", "é" * 300_000])
def test_a_text_comes_back_as_it_was(text):
    (row,) = rows(thread_of(received(body=text)))["messages"]

    assert row["content"] == re.sub("[\ud800-\udfff]", "\ufffd", text)
    assert "\x00" not in row["text"]


@pytest.mark.parametrize(
    ("time", "month"),
    [
        ("2026-11-30T23:59:59.999Z", "2026-11"),
        ("2026-11-30T23:30:00-01:00", "2026-12"),
        ("1900-01-01T00:00:00Z", "1900-01"),
        ("1899-12-31T23:59:59Z", "undated"),
        ("1900-01-01T00:00:00+01:00", "undated"),
        ("0001-01-01T00:00:00Z", "undated"),
        ("9999-12-31T23:59:59.999999Z", "9999-12"),
        ("no time", "undated"),
        ("", "undated"),
    ],
)
def test_a_time_that_no_reader_takes_is_none(time, month):
    found = rows(thread_of(received(composeTime=time)))
    (row,), (version,) = found["messages"], found["versions"]

    if month == "undated":
        assert row["created_on"] is None
    else:
        assert f"{row['created_on']:%Y-%m}" == month
    assert row["folder"] == folder_of("messages", month)
    assert month_of(time) == month
    assert row["folder"].removeprefix("messages/") == (
        version["folder"].removeprefix("versions/")
    )


def test_a_thread_stands_where_it_was_created_or_else_began():
    (created,) = rows(thread_of(thread_created(), received(40 * 86_400_000)))["threads"]
    (began,) = rows(thread_of(received(40 * 86_400_000)))["threads"]
    (neither,) = rows(thread_of(edited(0, composeTime="", editTime="")))["threads"]

    assert created["folder"] == folder_of("threads", "2026-11")
    assert began["folder"] == folder_of("threads", "2027-01")
    assert (began["created_on"], began["deleted_on"]) == (None, None)
    assert neither["folder"].startswith("threads/month=")


def test_what_is_absent_is_an_empty_text_or_a_null_time():
    (row,) = rows(thread_of(received(0)))["messages"]

    assert row["message_id"] == str(FIRST_ID)
    assert (row["edited_on"], row["deleted_on"]) == (None, None)
    assert (row["attachments"], row["metadata"], row["listed"]) == ("", "", "")
    assert (row["is_edited"], row["attachment_count"]) == (False, 0)


def test_the_text_of_what_the_service_said_is_a_sentence():
    said = {row["type"]: row for row in rows(rich())["messages"]}

    assert said["participantAdded"]["text"].startswith("Alice")
    assert said["participantAdded"]["content"].startswith("{")
    assert said["participantAdded"]["content_type"] == "system"
