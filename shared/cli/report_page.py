"""The report as one page that needs nothing else."""

import html
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from shared.cli.text import printable
from shared.usecases.inventory.report import (
    HAVE_AN_ARCHIVE,
    InventoryReport,
    ThreadStatus,
)

POLICY = (
    "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
    "style-src 'unsafe-inline'\">"
)
MOST_OPEN = 20
"""Rows up to which a table is shown unfolded."""


def page(report: InventoryReport, numbers: Iterable[tuple[str, str]]) -> str:
    """Return one page that needs nothing else."""
    style = files("shared.cli").joinpath("report.css").read_text(encoding="utf-8")
    verdict = "Complete" if report.is_complete else "Incomplete"
    doubts = "".join(f"<li>{html.escape(doubt)}</li>" for doubt in report.doubts)
    missing = [row for row in report.rows if row.status not in HAVE_AN_ARCHIVE]
    less = [
        row
        for row in report.rows
        if row.status in (ThreadStatus.PARTIAL, ThreadStatus.EVENTS_ONLY)
    ]
    parts = [
        "<!doctype html>\n<html lang=en><meta charset=utf-8>",
        POLICY,
        "<meta name=viewport content='width=device-width'>",
        f"<title>Completeness of the chat archive</title><style>{style}</style>",
        f"<main><h1>{verdict}</h1>",
        f"<p>{html.escape(when(report))}</p>",
        f"<ul class=doubts>{doubts}</ul>" if doubts else "",
        "<dl>",
        *(
            f"<div><dt>{html.escape(what)}</dt><dd>{html.escape(count)}</dd></div>"
            for what, count in numbers
        ),
        "</dl>",
        section("Users who could not be asked", ("user", "state", "reason"),
                [(u.id, u.state, u.reason) for u in report.inventory.unasked]),
        section("Threads without an archive", ("thread", "status", "reason"),
                [(row.thread_id, row.status, row.reason) for row in missing]),
        section("Threads archived in part", ("thread", "status", "reason"),
                [(row.thread_id, row.status, row.reason) for row in less]),
        section("Authors without an identity", ("author",),
                [(author,) for author in report.unmapped]),
        section("Users in no thread", ("user",), [(user.id,) for user in report.idle]),
        section("Messages by day", ("day", "messages"), by_day(report)),
        section("Messages by author", ("author", "messages", "first day", "last day"),
                by_author(report)),
        "</main></html>\n",
    ]  # fmt: skip
    return "\n".join(part for part in parts if part)


def when(report: InventoryReport) -> str:
    if not report.run:
        return "What the archive holds."
    inventory = report.inventory
    ended = f"last ended {inventory.ended_on}" if inventory.ended_on else "not ended"
    return f"Backfill “{report.run}”: begun {inventory.began_on}, {ended}."


def section(title: str, head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """Return a table under a heading; nothing where there are no rows."""
    if not rows:
        return ""
    cells = "".join(f"<th scope=col>{html.escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{html.escape(printable(str(cell)))}</td>" for cell in row)
        + "</tr>\n"
        for row in rows
    )
    return (
        f"<details{' open' if len(rows) <= MOST_OPEN else ''}>"
        f"<summary><h2>{html.escape(title)}</h2> <b>{len(rows)}</b></summary>"
        f"<table><thead><tr>{cells}</tr></thead><tbody>\n{body}</tbody></table></details>"
    )


def by_day(report: InventoryReport) -> list[tuple[Any, ...]]:
    days: dict[str, int] = {}
    for counts in report.total.by_author_and_day.values():
        for day, count in counts.items():
            days[day] = days.get(day, 0) + count
    return sorted(days.items())


def by_author(report: InventoryReport) -> list[tuple[Any, ...]]:
    return [
        (author, sum(days.values()), min(days), max(days))
        for author, days in sorted(report.total.by_author_and_day.items())
    ]
