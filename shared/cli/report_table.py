"""The report for a terminal: four numbers, what to do next, then what is missing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from shared.cli.report_numbers import (
    accepted_rows,
    closed_in_words,
    in_part_in_words,
    named_for,
    numbers,
    of_status,
    user_row,
    when,
)
from shared.cli.text import printable
from shared.domain.words import plural
from shared.usecases.inventory.next_steps import next_steps
from shared.usecases.inventory.report import InventoryReport
from shared.usecases.inventory.thread_rows import ThreadRow, ThreadStatus

MOST_NAMED = 20
"""Rows of one table that are printed; the other forms of the report hold them all."""
WIDEST = 28
"""Characters of a column but the last two, which are ids and reasons."""
COMPLETE = (
    "COMPLETE: every thread that was found is archived or closed, "
    "and every user asked or accepted"
)


def as_table(report: InventoryReport) -> str:
    """Return it for a terminal."""
    four = (
        f"{plural(report.found, 'thread')} found, {report.archived} archived"
        f"{in_part_in_words(len(report.in_part))}, "
        f"{len(report.missing)} missing{closed_in_words(report)}, "
        f"{plural(report.total.messages, 'message')}"
    )
    lines = [
        four,
        *when(report),
        "",
        *([COMPLETE] if report.is_complete else ()),
        *(f"INCOMPLETE: {doubt}" for doubt in incomplete(report)),
        *(f"NEXT: {step}" for step in next_steps(report)),
        *tables(report),
        "",
    ]
    lines += [
        f"{count:>12}  {named_for(count, what)}" for what, count in numbers(report)
    ]
    return "".join(f"{printable(line)}\n" for line in lines)


def incomplete(report: InventoryReport) -> list[str]:
    """Return why it is not complete, in sentences."""
    counts = Counter(row.status for row in report.open)
    return report.doubts + [
        f"{plural(counts[status], 'thread')} {of_status(status)}"
        for status in ThreadStatus
        if counts[status]
    ]


def tables(report: InventoryReport) -> Iterator[str]:
    """Yield what is missing, a table for each kind."""
    yield from table(
        "USERS WHO COULD NOT BE ASKED",
        [user_row(report, user) for user in report.unasked],
    )
    yield from table("THREADS MISSING", map(thread_row, report.open))
    closed = [row for row in report.missing if not row.is_open]
    yield from table("THREADS MISSING, AND CLOSED", map(thread_row, closed))
    yield from table("THREADS ARCHIVED IN PART", map(thread_row, report.in_part))
    yield from table("USERS NOT ASKED, AS ACCEPTED", accepted_rows(report))
    yield from table(
        "AUTHORS OF WHOM THE MAP DECIDES NOTHING",
        [(report.called(who) or "-", who) for who in report.unmapped],
    )
    yield from table(
        "USERS IN NO THREAD",
        [(report.called(user.id) or "-", user.id) for user in report.idle],
    )


def thread_row(row: ThreadRow) -> tuple[str, ...]:
    said = row.accepted or row.reason
    return (row.status, row.topic or "(no topic)", row.thread_id, said)


def table(title: str, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a title and some rows, their columns aligned; nothing for no rows."""
    found = list(rows)
    if not found:
        return
    shown = [[" ".join(cell.split()) for cell in row] for row in found[:MOST_NAMED]]
    yield from ("", f"{title} ({len(found)})")
    widths = [
        min(WIDEST, max(len(row[at]) for row in shown)) for at in range(len(shown[0]))
    ]
    for row in shown:
        *narrow, last = row
        cells = [
            (cell if at >= len(row) - 2 else cut(cell)).ljust(widths[at])
            for at, cell in enumerate(narrow)
        ]
        yield "  ".join(["", *cells, last]).rstrip()
    if more := len(found) - len(shown):
        yield f"  … and {more} more"


def cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
