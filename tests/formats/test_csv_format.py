import csv
import io

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inputs import listing, logged

from builders import THREAD, deleted, listed, received, to_log
from shared.domain.thread.replay import replay
from shared.formats.csv_format import neutralise
from shared.formats.registry import FORMATS, Options, written
from shared.formats.rows import MESSAGE_COLUMNS

COLUMNS = tuple(one.name for one in MESSAGE_COLUMNS)

HOSTILE = [
    "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "'quoted'", "''", "'=1",
    'say "hi", then\r\nleave\n\n', "a,b;c", "שלום‏ עולם", "👩🏽‍💼 é", "\u2028", "\x00\x01", "",
    "\x00=1+1", "\n=1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)",
]  # fmt: skip
RUN = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n\0")
"""With one of these a cell begins that some spreadsheet runs."""


def write(transcript, **options):
    ((_, data),) = written([FORMATS["csv"]], transcript, Options(**options))
    return data


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
    assert write(transcript()).startswith(b'"thread_id","message_id"')


def test_a_deleted_message_has_a_row_without_content():
    log = logged(to_log(received(body="gone"), deleted()))

    (row,) = read_back(write(replay(THREAD, log, ())))

    assert row["content"] == ""
    assert (row["is_deleted"], row["is_edited"]) == ("true", "false")
    assert row["version_count"] == "2"


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ({"topic": "T"}, '{"topic": "T"}'),
        ({"participants": [{"id": 1}]}, '{"participants": [{"id": 1}]}'),
        ({}, ""),
    ],
)
def test_a_system_message_shows_its_facts(content, shown):
    item = listed(type="topicUpdated", content=content)
    (row,) = read_back(write(replay(THREAD, logged(b""), [listing(item)])))

    assert row["content"] == shown


def test_a_lone_surrogate_becomes_the_replacement_character():
    (row,) = read_back(write(transcript("a\ud83db")))

    assert row["content"] == "a\ufffdb"
