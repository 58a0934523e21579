"""`chat-archive report`: what was found, what is archived, and what is missing."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.cli.identity_map import (
    IDENTITIES_FILE,
    IDENTITIES_HELP,
    read_identities,
)
from shared.cli.options import archive_argument, run_option, runs
from shared.cli.report_page import page
from shared.cli.text import coloured, printable, readable
from shared.domain import json_line
from shared.formats.csv_format import table
from shared.usecases.inventory.report import (
    InventoryReport,
    ThreadRow,
    ThreadStatus,
)

MOST_NAMED = 20
"""Names of one kind that are printed; the other forms of the report hold them all."""
COUNTS = {
    "messages": "messages",
    "versions": "versions",
    "edited": "edited",
    "deleted": "deleted",
    "html": "html",
    "attachments": "with attachments",
    "metadata": "with metadata",
    "system": "system messages",
    "first_on": "oldest",
    "last_on": "newest",
}
"""The fields of a baseline, as people call them."""


@click.command()
@archive_argument
@run_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "days", "html"]),
    default="table",
    show_default=True,
    help="csv: a row a thread; days: messages by author and day.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; standard output if absent.",
)
@click.option(
    "--identities",
    type=IDENTITIES_FILE,
    help=f"{IDENTITIES_HELP}: says of whom nothing is decided.",
)
@runs
async def report(
    address: ArchiveAddress,
    name: str,
    form: str,
    output: Path | None,
    identities: Path | None,
) -> int:
    """Report what is archived, and what is missing.

    Threads that a backfill has found and threads of the archive, each with how it
    stands and why; and the numbers that a migration must match: messages by author and
    day, edited, deleted, html, with attachments, with metadata, system messages, the
    oldest and the newest.

    Exit status: 0 every thread that was found has an archive, or was deleted in the
    service before, and everybody could be asked, 1 not so, 2 unreadable.

    \b
    Examples:
      chat-archive report archive
      chat-archive report --format html --output report.html archive
      chat-archive report --format csv archive | duckdb -c "from '/dev/stdin'"
    """
    mapped = read_identities(identities).decided if identities else None
    async with open_archive(address) as archive:
        if output:
            archive.check_outside(output)
        inventory = await archive.run(name).load()
        found = await archive.report()(
            name if inventory.began_on else "", inventory, mapped
        )
    text = FORMS[form](found)
    if output:
        output.write_text(text, encoding="utf-8", newline="")
        click.echo(f"Wrote {output}.", err=True)
    elif form == "table":
        click.echo("\n".join(map(coloured, text.split("\n"))), nl=False)
    else:
        click.echo(text, nl=False)
    return 0 if found.is_complete else 1


def as_table(report: InventoryReport) -> str:
    """Return it for a terminal: what is missing first, then the numbers."""
    lines = [f"INCOMPLETE: {doubt}" for doubt in report.doubts]
    lines += named(
        "", [f"{u.state} {u.id}: {u.reason}" for u in report.inventory.unasked]
    )
    for status in ThreadStatus:
        if status is not ThreadStatus.ARCHIVED:
            rows = [row for row in report.rows if row.status is status]
            lines += named("", [f"{status} {r.thread_id}: {r.reason}" for r in rows])
    lines += named("no identity: ", report.unmapped)
    lines += named("in no thread: ", [user.id for user in report.idle])
    if lines:
        lines.append("")
    lines += [
        f"{count:>12}  {named_for(count, what)}" for what, count in numbers(report)
    ]
    return "".join(f"{printable(line)}\n" for line in lines)


STATUSES = {
    ThreadStatus.PARTIAL: "archived in part",
    ThreadStatus.EVENTS_ONLY: "archived by events only",
    ThreadStatus.DELETED: "deleted in the service before they were archived",
}
"""What a number of threads is called, where the status alone reads badly."""
COUNTED = re.compile(r"\b(user|thread|message|version|author|place|file)s\b")


def named_for(count: str, what: str) -> str:
    """Return what is counted as it reads after its number: "1 thread archived"."""
    return COUNTED.sub(r"\1", what, count=1) if count == "1" else what


def named(head: str, names: list[str]) -> list[str]:
    """Return some names, and how many more there are."""
    more = len(names) - MOST_NAMED
    shown = [f"{head}{name}" for name in names[:MOST_NAMED]]
    return [*shown, f"{head}… and {more} more"] if more > 0 else shown


def numbers(report: InventoryReport) -> Iterator[tuple[str, str]]:
    """Yield every number with its name."""
    yield "users found", str(len(report.inventory.users))
    yield "users in no thread", str(len(report.idle))
    if outside := report.inventory.outside:
        yield "users of other resources", str(len(outside))
    yield "threads found", str(len(report.rows))
    for status in ThreadStatus:
        if report.statuses[status] or status is ThreadStatus.ARCHIVED:
            name = STATUSES.get(status, status.replace("_", " "))
            yield f"threads {name}", str(report.statuses[status])
    grades = Counter(row.grade for row in report.rows)
    yield "threads complete, edits and deletions too", str(grades["complete"])
    yield "threads with all that the service had", str(grades["all_the_service_had"])
    yield "threads that may be incomplete", str(grades["may_be_incomplete"])
    for name, what in COUNTS.items():
        yield what, str(getattr(report.total, name)) or "-"
    yield "messages that event and listing tell differently", str(report.differing)
    yield "authors", str(len(report.total.by_author_and_day))
    yield "memberships", str(report.participants)
    yield "attached files held", str(report.files)
    yield "attached files not held", str(report.files_missing)
    yield "in the archive", readable(report.bytes)


def as_json(report: InventoryReport) -> str:
    """Return all of it as one document."""
    value: dict[str, Any] = {
        "complete": report.is_complete,
        "doubts": report.doubts,
        "run": report.run,
        "began_on": report.inventory.began_on,
        "ended_on": report.inventory.ended_on,
        "users": {
            "found": len(report.inventory.users),
            "outside": [user.id for user in report.inventory.outside],
            "not_asked": [asdict(user) for user in report.inventory.unasked],
            "in_no_thread": [user.id for user in report.idle],
        },
        "statuses": {status: report.statuses[status] for status in ThreadStatus},
        "baseline": report.total.to_json(),
        "participants": report.participants,
        "files": report.files,
        "files_missing": report.files_missing,
        "differing": report.differing,
        "bytes": report.bytes,
        "without_identity": report.unmapped,
        "threads": [flat(row) for row in report.rows],
    }
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def flat(row: ThreadRow) -> dict[str, Any]:
    """Return a thread's row without nesting."""
    return {
        "thread_id": row.thread_id,
        "status": row.status,
        "topic": row.topic,
        "created_on": row.created_on,
        "thread_metadata": row.metadata,
        "retention_policy": row.retention_policy,
        "deletion_due_on": row.deletion_due_on,
        "grade": row.grade,
        "grade_reason": row.grade_reason,
        "reason": row.reason,
        "revision": row.revision,
        "archived_on": row.archived_on,
        "participants": row.participants,
        **{name: getattr(row.baseline, name) for name in COUNTS},
        "files": row.files,
        "files_missing": row.files_missing,
        "differing": row.differing,
        "bytes": row.bytes,
    }


def as_csv(report: InventoryReport) -> str:
    """Return a row for each thread."""
    empty = ThreadRow(thread_id="", status=ThreadStatus.FOUND)
    rows = (
        {name: in_cell(value) for name, value in flat(row).items()}
        for row in report.rows
    )
    return as_table_file([*flat(empty)], rows)


def in_cell(value: object) -> object:
    """Return a value as a cell takes it: what has parts as JSON, none of it as ""."""
    if not isinstance(value, dict):
        return value
    return json_line.compact(value) if value else ""


def as_days(report: InventoryReport) -> str:
    """Return a row for each author and day."""
    counts = report.total.to_json()["by_author_and_day"]
    rows = (
        {"author": author, "day": day, "messages": count}
        for author, days in counts.items()
        for day, count in days.items()
    )
    return as_table_file(["author", "day", "messages"], rows)


def as_table_file(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    return b"".join(table(columns, rows)).decode()


def as_html(report: InventoryReport) -> str:
    """Return it as one page that needs nothing else."""
    return page(report, numbers(report))


FORMS: dict[str, Callable[[InventoryReport], str]] = {
    "table": as_table,
    "json": as_json,
    "csv": as_csv,
    "days": as_days,
    "html": as_html,
}
