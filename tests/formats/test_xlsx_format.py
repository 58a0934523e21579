"""A workbook holds what people wrote as text, however hostile, and Excel's own times."""

import csv
import gc
import io
import zipfile
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inputs import logged
from openpyxl.utils.escape import unescape

from builders import THREAD, received, thread_created, to_log
from shared.domain.thread.replay import replay
from shared.formats import xlsx_format
from shared.formats.part import PLAIN
from shared.formats.registry import FORMATS, written
from shared.formats.rows import MESSAGE_COLUMNS
from threads import HOSTILE, THREADS, rich

COLUMNS = [column.name for column in MESSAGE_COLUMNS]
ODD = [
    "=1+1", "+1", "-1", "@SUM(A1)", "{=1}", "0012", "1795348830000", "1e5", "TRUE", "https://example.com/x",
    "mailto:a@example.com", "internal:Sheet1!A1", "<r>&", "<r><t>x</t></r>", "<r></r>", "<r>=1</r>", "</r>",
    "\x00\x01\x08\x0b\x1f", "\ufffe\uffff", "a\r\nb\rc\nd\te", " led and trailed \n", "'quoted", "שלום‏ עולם", "‮evil", "\U0001f469",
]  # fmt: skip
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def thread(*bodies, topic="", thread_id=THREAD):
    events = [
        thread_created(threadId=thread_id, properties={"topic": topic}),
        *(received(at, body, threadId=thread_id) for at, body in enumerate(bodies)),
    ]
    return replay(thread_id, logged(to_log(*events)), ())


def single(tmp_path, *transcripts):
    file = tmp_path / "m.xlsx"
    with file.open("wb") as out:
        table = FORMATS["xlsx"].single(out, tmp_path, PLAIN)
        for transcript in transcripts:
            table.add(transcript)
        table.finish()
    return file.read_bytes()


def alone(_, transcript):
    ((name, data),) = written([FORMATS["xlsx"]], transcript)
    assert name == "messages.xlsx"
    return data


BOTH = pytest.mark.parametrize("make", [alone, single], ids=["alone", "single"])


def rows(data):
    """Return the rows of all sheets as openpyxl reads them, with escapes undone."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    return [
        {
            name: unescape(cell.value) if isinstance(cell.value, str) else cell.value
            for name, cell in zip(COLUMNS, line, strict=True)
        }
        for sheet in book
        for line in sheet.iter_rows(min_row=2)
    ]


def contents(data):
    return [row["content"] or "" for row in rows(data)]


def parts(data):
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


@BOTH
def test_what_people_wrote_is_text_and_survives(make, tmp_path):
    texts = [*ODD, *(one for one in HOSTILE if "\ud800" not in one)]

    data = make(tmp_path, thread(*texts, "_x0041_"))

    # Of strings that cells share, openpyxl takes the last one for an A.
    assert contents(data)[:-1] == texts
    assert b"".join(parts(data).values()).count(b">_x005F_x0041_<") == 1


@BOTH
@pytest.mark.parametrize("name", THREADS)
def test_nothing_is_a_formula_or_a_link(make, name, tmp_path):
    files = parts(make(tmp_path, THREADS[name]()))

    for path, data in files.items():
        tags = {element.tag for element in ET.fromstring(data).iter()}  # noqa: S314
        assert not {f"{MAIN}f", f"{MAIN}hyperlinks", f"{MAIN}hyperlink"} & tags, path
    assert not any("externalLink" in path or "vba" in path for path in files)


@BOTH
def test_cells_that_look_like_formulas_have_the_format_of_text(make, tmp_path):
    book = openpyxl.load_workbook(io.BytesIO(make(tmp_path, thread(*ODD))))

    cells = [line[COLUMNS.index("content")] for line in book.active.iter_rows(2)]
    assert {(cell.data_type, cell.number_format) for cell in cells} == {("s", "@")}


def test_a_lone_surrogate_is_the_replacement_character(tmp_path):
    assert contents(single(tmp_path, thread("\ud800 lone"))) == ["\ufffd lone"]


def test_ids_and_versions_are_text_and_counts_are_numbers(tmp_path):
    (row,) = rows(single(tmp_path, thread("x", topic="0012")))

    assert row["message_id"] == "1795348800000"
    assert row["version"] == "1795348800000"
    assert row["sequence_id"] is None or isinstance(row["sequence_id"], str)
    assert row["thread_topic"] == "0012"
    assert (row["attachment_count"], row["version_count"]) == (0, 1)
    assert (row["is_edited"], row["is_erased"]) == (False, False)
    assert row["edited_on"] is None


@BOTH
def test_times_are_those_of_excel_in_utc_and_whole_seconds(make, tmp_path):
    found = rows(make(tmp_path, rich()))
    table = dict(written([FORMATS["csv"]], rich()))["messages.csv"].decode()
    expected = list(csv.DictReader(io.StringIO(table, newline="")))

    for name in ("created_on", "edited_on", "deleted_on"):
        cells = [str(row[name] or "") for row in found]
        assert cells == [row[name] for row in expected]
    assert {type(row["created_on"]) for row in found} == {datetime}
    assert {type(row["deleted_on"]) for row in found} == {datetime, type(None)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1900-01-01T00:00:00Z", datetime(1900, 1, 1)),  # noqa: DTZ001
        ("9999-12-31T23:59:59.9Z", datetime(9999, 12, 31, 23, 59, 59)),  # noqa: DTZ001
        ("2026-11-22T04:00:00.9999999-08:00", datetime(2026, 11, 22, 12)),  # noqa: DTZ001
        ("1899-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("2026-99-99T99:99:99Z", None),
        ("2026-12-31T23:59:60Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_what_excel_cannot_hold_stays_as_it_is(text, expected):
    assert xlsx_format.excel_time(text) == expected


@pytest.mark.parametrize("letter", ["x", "\U0001f469", "\x00"])
@pytest.mark.parametrize("units", [32_766, 32_767, 32_768, 70_000])
def test_a_cell_that_is_too_long_is_cut_and_says_so(letter, units, tmp_path):
    size = len(letter.encode("utf-16-le")) // 2
    body = letter * (units // size)

    (content,) = contents(single(tmp_path, thread(body)))

    assert len(content.encode("utf-16-le")) // 2 < 32_767
    is_whole = len(body.encode("utf-16-le")) // 2 < 32_767
    assert (content == body) == is_whole
    assert content.endswith(f" [cut: {len(body)} characters]") != is_whole


def test_a_text_in_the_marks_of_a_rich_one_may_be_cut(tmp_path):
    body = f"<r>{'x' * 40_000}</r>"

    (content,) = contents(single(tmp_path, thread(body)))

    assert content.startswith("<r>x")
    assert content.endswith("[cut: 40007 characters]")


@given(body=st.text(), topic=st.text(max_size=20), sender=st.text(max_size=20))
def test_no_text_breaks_a_sheet(tmp_path_factory, body, topic, sender):
    said = received(0, body, senderDisplayName=sender)
    created = thread_created(properties={"topic": topic})
    transcript = replay(THREAD, logged(to_log(created, said)), ())

    (row,) = rows(single(tmp_path_factory.mktemp("x"), transcript))

    assert (row["content"] or "") == body.encode("utf-16", "replace").decode("utf-16")
    assert (row["thread_topic"] or "") == topic


def test_pandas_reads_it(tmp_path):
    data = single(tmp_path, rich(), thread("0012", topic="a\nb", thread_id="19:b@x"))

    table = pd.read_excel(io.BytesIO(data), dtype=str, keep_default_na=False)

    assert list(table.columns) == COLUMNS
    assert table["content"].iloc[-1] == "0012"
    assert table["thread_topic"].iloc[-1] == "a\nb"


def test_the_row_of_names_stays_in_sight_and_filters(tmp_path):
    book = openpyxl.load_workbook(io.BytesIO(single(tmp_path, thread("a", "b"))))
    sheet = book.active

    assert [cell.value for cell in sheet[1]] == COLUMNS
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:AA3"


def test_what_does_not_fit_into_a_sheet_goes_on_in_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx_format, "ROWS_PER_SHEET", 4)
    transcripts = [thread(*"abcde"), thread(*"fg", thread_id="19:b@x")]

    data = single(tmp_path, *transcripts)

    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["messages", "messages 2", "messages 3"]
    assert [sheet.max_row for sheet in book] == [4, 4, 2]
    assert [sheet.auto_filter.ref for sheet in book] == ["A1:AA4", "A1:AA4", "A1:AA2"]
    assert contents(data) == [*"abcdefg"]


def test_a_full_sheet_is_followed_by_none_that_is_empty(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx_format, "ROWS_PER_SHEET", 4)

    data = single(tmp_path, thread(*"abc"))

    assert openpyxl.load_workbook(io.BytesIO(data)).sheetnames == ["messages"]


def test_what_the_service_said_is_in_words_as_in_csv(tmp_path):
    data = single(tmp_path, THREADS["only-system"]())

    assert contents(data)[0] == "Alice joined and added Bob"


def test_a_full_disk_is_an_error_of_the_system(tmp_path, capfd):
    with Path("/dev/full").open("wb", buffering=0) as out:
        table = FORMATS["xlsx"].single(out, tmp_path, PLAIN)
        table.add(rich())
        with pytest.raises(OSError, match="No space left"):
            table.finish()

    del table
    gc.collect()
    assert capfd.readouterr() == ("", "")


def test_rows_wait_in_the_folder_that_is_given_and_not_in_memory(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with (tmp_path / "m.xlsx").open("wb") as out:
        table = FORMATS["xlsx"].single(out, scratch, PLAIN)
        table.add(thread(*["x" * 1000] * 100))

        waiting = sum(file.stat().st_size for file in scratch.iterdir())

    assert waiting > 90_000
