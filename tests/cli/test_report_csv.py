"""The tables of a report: for spreadsheets, as those of threads are."""

import csv
import io

import duckdb

from shared.cli.report import FORMS
from shared.domain.inventory.state import Inventory
from shared.usecases.inventory.report import InventoryReport
from shared.usecases.inventory.thread_rows import ThreadRow, ThreadStatus


def report():
    return InventoryReport(
        run="1",
        inventory=Inventory(),
        rows=[
            ThreadRow(
                thread_id="19:a@thread.v2",
                status=ThreadStatus.ARCHIVED,
                archived_on="2026-11-22T12:00:05.5Z",
                reason="=cmd|' /C calc'!A0",
                topic="Loan",
                metadata={"case": "=1"},
                retention_policy={"kind": "none"},
                grade="complete",
                bytes=12,
            ),
            ThreadRow(
                thread_id="19:b\ud800",
                status=ThreadStatus.FAILED,
                reason="x" * 40_000,
            ),
        ],
    )


def test_no_cell_of_a_report_runs_or_is_too_long_and_times_are_times():
    first, second = csv.DictReader(io.StringIO(FORMS["csv"](report()), newline=""))

    assert first["reason"] == "'=cmd|' /C calc'!A0"
    assert first["archived_on"] == "2026-11-22 12:00:05"
    assert (first["grade"], first["bytes"]) == ("complete", "12")
    assert first["thread_metadata"] == '{"case":"=1"}'
    assert first["retention_policy"] == '{"kind":"none"}'
    assert second["thread_metadata"] == second["retention_policy"] == ""
    assert second["archived_on"] == ""
    assert len(second["reason"]) < 32_767
    assert second["reason"].endswith("x [cut: 40000 characters]")


def test_duckdb_knows_the_types_of_a_report(tmp_path):
    file = tmp_path / "report.csv"
    file.write_text(FORMS["csv"](report()), encoding="utf-8", newline="")

    found = duckdb.read_csv(str(file))

    types = dict(zip(found.columns, map(str, found.types), strict=True))
    assert types["archived_on"] == "TIMESTAMP"
    assert types["bytes"] == "BIGINT"
    assert len(found) == 2
