import csv
import io
import json
import re

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inputs import listing, logged

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    listed,
    received,
    to_log,
    who,
)
from shared.domain.thread.replay import replay
from shared.formats.csv_format import neutralise, table
from shared.formats.registry import FORMATS, Options, written
from shared.formats.rows import HISTORY_COLUMNS, MESSAGE_COLUMNS

COLUMNS = tuple(one.name for one in MESSAGE_COLUMNS)

HOSTILE = [
    "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "'quoted'", "''", "'=1",
    'say "hi", then\r\nleave\n\n', "a,b;c", "שלום‏ עולם", "👩🏽‍💼 é", "\u2028", "\x00\x01", "",
    "\x00=1+1", "\n=1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)",
]  # fmt: skip
RUN = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n\0")
"""With one of these a cell begins that some spreadsheet runs."""


def write(transcript, **options):
    return dict(files(transcript, **options))["messages.csv"]


def history(transcript):
    return read_back(dict(files(transcript))["history.csv"])


def files(transcript, **options):
    return written([FORMATS["csv"]], transcript, Options(**options))


def transcript(*bodies):
    events = [received(number, body) for number, body in enumerate(bodies)]
    return replay(THREAD, logged(to_log(*events)), ())


def undo(cell):
    return cell.removeprefix("'")


def read_back(data):
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_hostile_content_survives_a_round_trip():
    rows = read_back(write(transcript(*HOSTILE)))

    assert [undo(row["content"]) for row in rows] == HOSTILE


def test_no_cell_begins_like_a_formula():
    rows = read_back(write(transcript(*HOSTILE)))

    for row in rows:
        assert not any(cell.startswith(RUN) for cell in row.values())


@given(st.text())
def test_taking_one_apostrophe_off_undoes_it(cell):
    safe = neutralise(cell)

    assert undo(safe) == cell
    assert not safe.startswith(RUN)


@pytest.mark.parametrize("first", ["x", "="])
@pytest.mark.parametrize("length", [32_765, 32_766, 32_767, 40_000])
def test_a_cell_is_no_longer_than_a_spreadsheet_takes(first, length):
    body = first * length

    ((row,), whole) = read_back(write(transcript(body))), length < 32_767
    content = row["content"]
    assert len(content) <= 32_767
    assert (undo(content) == body) == whole
    assert content.endswith(f"[cut: {length} characters]") != whole


def test_duckdb_reads_every_row_and_character(tmp_path):
    hostile = [one for one in HOSTILE if "\x00" not in one]
    file = tmp_path / "messages.csv"
    file.write_bytes(write(transcript(*hostile)))

    rows = duckdb.read_csv(str(file), header=True, all_varchar=True)

    assert list(rows.columns) == list(COLUMNS)
    contents = [row[COLUMNS.index("content")] or "" for row in rows.fetchall()]
    assert [undo(one) for one in contents] == hostile


def test_pandas_reads_every_row_and_character(tmp_path):
    file = tmp_path / "messages.csv"
    file.write_bytes(write(transcript(*HOSTILE)))

    table = pd.read_csv(file, dtype=str, keep_default_na=False, lineterminator=None)

    assert [undo(one) for one in table["content"]] == HOSTILE


def test_lines_end_as_rfc_4180_asks():
    data = write(transcript("one"))

    assert data.endswith(b'"\r\n')
    assert data.count(b"\r\n") == 2


def test_an_empty_thread_has_a_header():
    assert read_back(write(transcript())) == []
    assert write(transcript()).startswith(b'"thread_id","thread_topic","message_id"')


def test_a_deleted_message_has_a_row_without_content():
    log = logged(to_log(received(body="gone"), deleted()))

    (row,) = read_back(write(replay(THREAD, log, ())))

    assert row["content"] == ""
    assert (row["is_deleted"], row["is_edited"]) == ("true", "false")
    assert row["version_count"] == "2"


def system(type, number=0, **content):
    return listed(number, type=type, content=content)


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        (system("topicUpdated", topic="T"), "The topic is now: T"),
        (
            system(
                "participantAdded",
                initiatorCommunicationIdentifier=who(ALICE),
                participants=[
                    {"communicationIdentifier": who(BOB), "displayName": "Bob"}
                ],
            ),
            "Alice added Bob",
        ),
        (system("participantRemoved"), "Somebody left"),
    ],
)
def test_a_system_message_is_words_here_and_facts_in_jsonl(item, shown):
    people = [{"communicationIdentifier": who(ALICE), "displayName": "Alice"}]
    transcript = replay(THREAD, logged(b""), [listing(item, participants=people)])

    (row,) = read_back(write(transcript))
    (version,) = history(transcript)
    assert row["content"] == version["content"] == shown
    rows = dict(written([FORMATS["jsonl"]], transcript))["messages.jsonl"]
    facts = json.loads(rows)["content"]
    assert json.loads(facts or "{}") == item["content"]


def test_history_has_a_row_for_each_version_of_each_message():
    transcript = replay(
        THREAD,
        logged(
            to_log(
                received(0, "first"),
                edited(0, "=second", after=500),
                received(1000, "secret"),
                deleted(1000, after=700),
            )
        ),
        (),
    )

    rows = history(transcript)
    assert list(rows[0]) == [column.name for column in HISTORY_COLUMNS]
    assert [(row["kind"], row["content"], row["changed_on"]) for row in rows] == [
        ("received", "first", "2026-11-22 12:00:00"),
        ("edited", "'=second", "2026-11-22 12:00:00"),
        ("received", "secret", "2026-11-22 12:00:01"),
        ("deleted", "", "2026-11-22 12:00:01"),
    ]
    assert [row["message_id"] for row in rows] == [
        str(FIRST_ID), str(FIRST_ID), str(FIRST_ID + 1000), str(FIRST_ID + 1000),
    ]  # fmt: skip


def test_every_row_of_a_thread_tells_its_topic():
    topic = listing(properties={"topic": "=Loan, 7"})
    log = logged(to_log(received(0), received(1)))

    rows = read_back(write(replay(THREAD, log, [topic])))

    assert [row["thread_topic"] for row in rows] == ["'=Loan, 7", "'=Loan, 7"]


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("2026-11-22T12:00:05.999Z", "2026-11-22 12:00:05"),
        ("2026-11-22T12:00:05+02:00", "2026-11-22 10:00:05"),
        ("1900-01-01T00:00:00Z", "1900-01-01 00:00:00"),
        ("1899-12-31T23:59:59Z", "1899-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31 23:59:59"),
        ("yesterday", "yesterday"),
        ("=1", "'=1"),
        ("", ""),
        (5, "5"),
    ],
)
def test_a_time_is_one_that_a_spreadsheet_knows_or_stays_as_it_is(time, shown):
    rows = [{"changed_on": time, "content": time}]

    (row,) = read_back(b"".join(table(["changed_on", "content"], rows)))

    assert row["changed_on"] == shown
    assert undo(row["content"]) == str(time)


def test_the_same_time_is_read_as_one_in_both_files(tmp_path):
    transcript = replay(
        THREAD, logged(to_log(received(0, "a"), edited(0, "b", after=500))), ()
    )
    for name, data in files(transcript):
        (tmp_path / name).write_bytes(data)

    for name, column in (
        ("messages.csv", "created_on"),
        ("messages.csv", "edited_on"),
        ("history.csv", "changed_on"),
    ):
        (found,) = set(pd.read_csv(tmp_path / name)[column]) & {"2026-11-22 12:00:00"}
        assert found
        relation = duckdb.read_csv(str(tmp_path / name))
        assert str(relation.select(column).types[0]) == "TIMESTAMP"


@pytest.mark.parametrize("name", ["messages.csv", "history.csv"])
def test_of_two_hundred_long_names_no_cell_is_too_long(name):
    people = [
        {"communicationIdentifier": who(f"8:acs:{n}"), "displayName": "🙂" * 200}
        for n in range(200)
    ]
    named = [{"name": "f" * 300, "url": "https://x.y/" + "u" * 300}] * 200
    items = [
        system("participantAdded", participants=people),
        listed(
            1,
            content={"message": "x", "attachments": named},
            metadata={"k": "m" * 40_000},
        ),
    ]
    transcript = replay(THREAD, logged(b""), [listing(*items)])

    rows = read_back(dict(files(transcript))[name])
    cells = [cell for row in rows for cell in row.values()]
    assert all(len(cell.encode("utf-16-le")) <= 2 * 32_767 for cell in cells)
    cut = [cell for cell in cells if re.search(r" \[cut: \d+ characters\]$", cell)]
    assert len(cut) == 3
    assert cut[0].startswith("🙂" * 200 + " (8:acs:0), ")


def test_a_lone_surrogate_becomes_the_replacement_character():
    (row,) = read_back(write(transcript("a\ud83db")))

    assert row["content"] == "a\ufffdb"
