"""What every form of the report says: its numbers, when it is of, and of what."""

import re
from collections import Counter
from collections.abc import Iterator

from shared.cli.text import readable
from shared.domain.inventory.state import User
from shared.formats.about import GRADES
from shared.usecases.inventory.report import InventoryReport
from shared.usecases.inventory.thread_rows import ThreadStatus

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
STATUSES = {
    ThreadStatus.PARTIAL: "archived in part",
    ThreadStatus.EVENTS_ONLY: "archived by events only",
    ThreadStatus.FOUND: "not tried yet",
    ThreadStatus.DELETED: "deleted in the service before they were archived",
}
"""What a number of threads is called, where the status alone reads badly."""
COUNTED = re.compile(r"\b(user|thread|message|version|author|place|file)s\b")


def named_for(count: str, what: str) -> str:
    """Return what is counted as it reads after its number: "1 thread archived"."""
    return COUNTED.sub(r"\1", what, count=1) if count == "1" else what


def of_status(status: ThreadStatus) -> str:
    """Return what threads of a status are called."""
    return STATUSES.get(status, status.replace("_", " "))


def when(report: InventoryReport) -> list[str]:
    """Return when it was written and of what, a line each."""
    resources = ", ".join(sorted(report.inventory.resources))
    lines = [f"Written {report.written_on} of {report.address}"]
    if resources:
        lines[0] += f", ACS resource {resources}"
    if report.run:
        inventory = report.inventory
        ended = (
            f"last ended {second(inventory.ended_on)}"
            if inventory.ended_on
            else "not ended"
        )
        kept = ", as the archive keeps it" if report.kept_in_archive else ""
        began = f"begun {second(inventory.began_on) or 'at an unknown time'}"
        lines.append(f"Backfill “{report.run}”{kept}: {began}, {ended}")
    return lines


def second(time: str) -> str:
    """Return a time to the second, as people read it."""
    return f"{time[:19]}Z" if time else time


def in_part_in_words(count: int) -> str:
    """Return how many of the archived threads are so in part; "" for none."""
    return f" ({count} of them in part)" if count else ""


def closed_in_words(report: InventoryReport) -> str:
    """Return how many of the missing are closed, and why; "" for none."""
    closed = [row for row in report.missing if not row.is_open]
    if not closed:
        return ""
    accepted = sum(bool(row.accepted) for row in closed)
    parts = [
        f"{count} {what}"
        for count, what in (
            (len(closed) - accepted, "deleted in the service"),
            (accepted, "accepted"),
        )
        if count
    ]
    return f" ({' and '.join(parts)})"


def grades(report: InventoryReport) -> list[tuple[str, str, int]]:
    """Return name, meaning and number of threads of each grade."""
    counts = Counter(row.grade for row in report.rows)
    return [
        (name, meaning.partition(":")[0], counts[name])
        for name, meaning in GRADES.items()
    ]


def user_row(report: InventoryReport, user: User) -> tuple[str, ...]:
    return (user.state, report.called(user.id) or "-", user.id, user.reason)


def accepted_rows(report: InventoryReport) -> list[tuple[str, ...]]:
    return [
        (*user_row(report, user)[:-1], decision.text)
        for user, decision in report.accepted_users
    ]


def numbers(report: InventoryReport) -> Iterator[tuple[str, str]]:
    """Yield every number with its name."""
    yield "users found", str(len(report.inventory.users))
    yield "users in no thread", str(len(report.idle))
    if outside := report.inventory.outside:
        yield "users of other resources", str(len(outside))
    yield "threads found", str(report.found)
    for status in ThreadStatus:
        if report.statuses[status] or status is ThreadStatus.ARCHIVED:
            yield f"threads {of_status(status)}", str(report.statuses[status])
    counts = {name: count for name, _, count in grades(report)}
    yield "threads complete, edits and deletions too", str(counts["complete"])
    yield "threads with all that the service had", str(counts["all_the_service_had"])
    yield "threads that may be incomplete", str(counts["may_be_incomplete"])
    for name, what in COUNTS.items():
        yield what, str(getattr(report.total, name)) or "-"
    yield "messages that event and listing tell differently", str(report.differing)
    yield "authors", str(len(report.total.by_author_and_day))
    yield "memberships", str(report.participants)
    yield "attached files held", str(report.files)
    yield "attached files not held", str(report.files_missing)
    yield "in the archive", readable(report.bytes)
