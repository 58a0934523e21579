"""The table of what it costs is what its formulas give."""

import math
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
MONTH = 2_628_000
SWEEPS = 2_880
ROWS = re.findall(r"^\| ([\d,]+) \| ([\d,]+) \| (\d.*) \|$", PAGE, re.MULTILINE)


def parts(messages, threads):
    busy = MONTH * (1 - math.exp(-messages / MONTH)) + SWEEPS
    return (
        0.60e-6 * (2 * messages - 100_000),
        max(0, 0.40e-6 * (messages + threads + SWEEPS - 250_000)),
        0.000026 * (2 * busy - 100_000),
        5.5e-6 * (messages + 2 * threads),
        5.5e-6 * 10 * threads,
        5.5e-6 * SWEEPS * math.ceil(threads / 5_000),
        0.018 * messages * 5e3 / 1e9,
    )


def test_there_are_three_volumes():
    assert len(ROWS) == 3


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_table_is_what_the_formulas_give(row):
    messages, threads = (int(one.replace(",", "")) for one in row[:2])
    *cells, together, each = (float(one) for one in row[2].split(" | "))

    expected = parts(messages, threads)
    assert cells == pytest.approx(expected, abs=0.006)
    assert together == pytest.approx(sum(expected), abs=0.006)
    assert each == round(sum(expected) / messages * 1e6)
