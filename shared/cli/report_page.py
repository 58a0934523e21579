"""The report as one page that needs nothing else."""

import html
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any

from shared.cli.report_numbers import (
    accepted_rows,
    closed_in_words,
    grades,
    in_part_in_words,
    numbers,
    user_row,
    when,
)
from shared.cli.report_table import incomplete, thread_row
from shared.cli.text import printable
from shared.usecases.inventory.next_steps import next_steps
from shared.usecases.inventory.report import InventoryReport

POLICY = (
    "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
    "style-src 'unsafe-inline'\">"
)
MOST_OPEN = 20
"""Rows up to which a table is shown unfolded."""
THREAD = ("status", "topic", "thread", "why")
USER = ("state", "name", "user", "why")


def as_html(report: InventoryReport) -> str:
    """Return one page that needs nothing else."""
    style = files("shared.cli").joinpath("report.css").read_text(encoding="utf-8")
    verdict = "Complete" if report.is_complete else "Incomplete"
    said = "".join(f"<p>{html.escape(line)}</p>" for line in when(report))
    closed = [row for row in report.missing if not row.is_open]
    parts = [
        "<!doctype html>\n<html lang=en><meta charset=utf-8>",
        POLICY,
        "<meta name=viewport content='width=device-width'>",
        f"<title>Completeness of the chat archive</title><style>{style}</style>",
        f"<main><h1>{verdict}</h1>{said}",
        tiles("first", first_numbers(report)),
        listed("doubts", "Why it is not complete", incomplete(report)),
        listed("next", "What to do next", next_steps(report)),
        section(
            "Users who could not be asked",
            USER,
            [user_row(report, user) for user in report.unasked],
        ),
        section("Threads missing", THREAD, map(thread_row, report.open)),
        section("Threads missing, and closed", THREAD, map(thread_row, closed)),
        section("Threads archived in part", THREAD, map(thread_row, report.in_part)),
        section("Users not asked, as accepted", USER, accepted_rows(report)),
        section(
            "How far the archives can be relied on",
            ("grade", "threads"),
            [(meaning, count) for _, meaning, count in grades(report) if count],
        ),
        tiles("rest", numbers(report)),
        section(
            "Authors of whom the map decides nothing",
            ("name", "author"),
            [(report.called(who), who) for who in report.unmapped],
        ),
        section(
            "Users in no thread",
            ("name", "user"),
            [(report.called(user.id), user.id) for user in report.idle],
        ),
        section("Messages by day", ("day", "messages"), by_day(report)),
        section(
            "Messages by author",
            ("name", "author", "messages", "first day", "last day"),
            by_author(report),
        ),
        "</main></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def first_numbers(report: InventoryReport) -> list[tuple[str, str]]:
    """Return the four numbers that matter first."""
    return [
        ("threads found", str(report.found)),
        (f"archived{in_part_in_words(len(report.in_part))}", str(report.archived)),
        (f"missing{closed_in_words(report)}", str(len(report.missing))),
        ("messages", str(report.total.messages)),
    ]


def tiles(kind: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return numbers with their names."""
    inner = "".join(
        f"<div><dt>{html.escape(what)}</dt><dd>{html.escape(count)}</dd></div>\n"
        for what, count in pairs
    )
    return f"<dl class={kind}>{inner}</dl>"


def listed(kind: str, title: str, sentences: Sequence[str]) -> str:
    """Return sentences under a heading, code in them as code; nothing for none."""
    if not sentences:
        return ""
    items = "".join(f"<li>{with_code(sentence)}</li>" for sentence in sentences)
    return f"<section class={kind}><h2>{title}</h2><ul>{items}</ul></section>"


def with_code(sentence: str) -> str:
    pieces = html.escape(printable(sentence)).split("`")
    return "".join(
        f"<code>{piece}</code>" if at % 2 else piece for at, piece in enumerate(pieces)
    )


def section(title: str, head: tuple[str, ...], found: Iterable[Sequence[Any]]) -> str:
    """Return a table under a heading; nothing where there are no rows."""
    rows = list(found)
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
        (report.called(author), author, sum(days.values()), min(days), max(days))
        for author, days in sorted(report.total.by_author_and_day.items())
    ]
