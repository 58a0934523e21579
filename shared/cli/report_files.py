"""The report as files for programs: JSON, tables, and the inventory of the guide."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from shared.cli.identity_map import ARCHIVE_ONLY, MAPPED, OPEN, IdentityMap
from shared.cli.report_numbers import COUNTS, grades
from shared.cli.text import as_json as to_json
from shared.domain import json_line
from shared.formats.csv_format import table
from shared.formats.graph_reconciliation import FEWEST_MEMBERS, MEETING
from shared.usecases.inventory.next_steps import next_steps
from shared.usecases.inventory.report import InventoryReport
from shared.usecases.inventory.thread_rows import (
    NamedPerson,
    ThreadRow,
    ThreadStatus,
)

UNRESOLVED = OPEN[0]


def as_json(report: InventoryReport) -> str:
    """Return all of it as one document."""
    value: dict[str, Any] = {
        "complete": report.is_complete,
        "found": report.found,
        "archived": report.archived,
        "missing": len(report.missing),
        "closed": len(report.missing) - len(report.open),
        "messages": report.total.messages,
        "next": next_steps(report),
        "doubts": report.doubts,
        "written_on": report.written_on,
        "archive": report.address,
        "resources": sorted(report.inventory.resources),
        "run": report.run,
        "kept_in_archive": report.kept_in_archive,
        "began_on": report.inventory.began_on,
        "ended_on": report.inventory.ended_on,
        "users": {
            "found": len(report.inventory.users),
            "outside": [user.id for user in report.inventory.outside],
            "not_asked": [asdict(user) for user in report.unasked],
            "accepted": [
                {"id": user.id, "status": user.state, "accepted": decision.text}
                for user, decision in report.accepted_users
            ],
            "in_no_thread": [user.id for user in report.idle],
        },
        "statuses": {status: report.statuses[status] for status in ThreadStatus},
        "grades": {name: count for name, _, count in grades(report)},
        "baseline": report.total.to_json(),
        "participants": report.participants,
        "files": report.files,
        "files_missing": report.files_missing,
        "differing": report.differing,
        "bytes": report.bytes,
        "names": {who: report.called(who) for who in sorted(people_in(report))},
        "without_identity": report.unmapped,
        "threads": [flat(row) for row in report.rows],
    }
    return to_json(value, indent=1) + "\n"


def people_in(report: InventoryReport) -> set[str]:
    """Return the raw ids of all whom the report names and who have a name."""
    named = {*report.names, *report.people.by_id}
    return {who for who in named if report.called(who)}


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
        "accepted": row.accepted,
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
        {
            "author": author,
            "name": report.called(author),
            "day": day,
            "messages": count,
        }
        for author, days in counts.items()
        for day, count in days.items()
    )
    return as_table_file(["author", "name", "day", "messages"], rows)


def as_table_file(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    return b"".join(table(columns, rows)).decode()


# The inventory of Microsoft's migration guide


def as_inventory(report: InventoryReport, identities: IdentityMap | None) -> str:
    """Return the guide's inventory: a JSON array with an object for each thread.

    The guide's fields come first, by its names; null is what nobody knows.
    """
    rows = [inventory_row(row, report, identities) for row in report.rows]
    return to_json(rows, indent=1) + "\n"


def inventory_row(
    row: ThreadRow, report: InventoryReport, identities: IdentityMap | None
) -> dict[str, Any]:
    mapped = identities or IdentityMap()
    is_known = row.has_archive
    return {
        "sourceThreadId": row.thread_id,
        "topic": row.topic if is_known else None,
        "createdAt": row.created_on or None,
        "retentionPolicy": row.retention_policy or None,
        "participants": [participant(who, mapped) for who in row.people],
        "messageCount": row.baseline.messages if is_known else None,
        "oldestMessageAt": row.baseline.first_on or None,
        "newestMessageAt": row.baseline.last_on or None,
        "containsAttachments": row.baseline.attachments > 0 if is_known else None,
        "containsUnmappedAuthors": not mapped.decided.issuperset(row.authors)
        if is_known
        else None,
        "targetStrategy": strategy(row, identities),
        "willBeDeletedOn": row.deletion_due_on or None,
        "status": row.status,
        "reason": row.reason,
        "accepted": row.accepted or None,
        "grade": row.grade or None,
        "revision": row.revision or None,
        "authors": [
            {"acsUserId": who, "name": report.called(who)} for who in row.authors
        ],
    }


def participant(who: NamedPerson, mapped: IdentityMap) -> dict[str, Any]:
    identity = mapped.mapped.get(who.id)
    status = ARCHIVE_ONLY if who.id in mapped.archive_only else UNRESOLVED
    return {
        "acsUserId": who.id,
        "displayName": who.name,
        "targetEntraObjectId": identity.id if identity else None,
        "mappingStatus": MAPPED if identity else status,
        "takesPart": who.takes_part,
    }


def strategy(row: ThreadRow, identities: IdentityMap | None) -> str | None:
    """Return what a thread allows: `archive`, `import`; `undecided` without a map.

    A meeting's chat cannot be imported, nor one with too few members who are mapped.
    """
    if not row.has_archive:
        return None
    if row.thread_id.startswith(MEETING):
        return "archive"
    if identities is None:
        return "undecided"
    members = {
        identities.mapped[who.id].id.lower()
        for who in row.people
        if who.takes_part and who.id in identities.mapped
    }
    return "import" if len(members) >= FEWEST_MEMBERS else "archive"
