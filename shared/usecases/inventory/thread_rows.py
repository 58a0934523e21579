"""How each thread of an inventory stands, by its archive and by what a run found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from shared.domain.errors import IntegrityError
from shared.domain.evidence.manifest import Manifest
from shared.domain.inventory.facts import ThreadState
from shared.domain.inventory.state import Thread
from shared.domain.thread.baseline import Baseline
from shared.domain.thread.listing import Visibility
from shared.domain.thread.retention import deleted_from
from shared.domain.thread.transcript import GapKind


class ThreadStatus(StrEnum):
    """How a thread stands. Only the first three have an archive."""

    ARCHIVED = "archived"
    PARTIAL = "partial"
    EVENTS_ONLY = "events_only"
    QUEUED = "queued"
    FOUND = "found"
    UNREACHABLE = "unreachable"
    DELETED = "deleted"
    FAILED = "failed"


IN_PART = (ThreadStatus.PARTIAL, ThreadStatus.EVENTS_ONLY)
HAVE_AN_ARCHIVE = (ThreadStatus.ARCHIVED, *IN_PART)
STATUS_OF_VISIBILITY = {
    Visibility.FULL: ThreadStatus.ARCHIVED,
    Visibility.PARTIAL: ThreadStatus.PARTIAL,
    Visibility.EVENTS_ONLY: ThreadStatus.EVENTS_ONLY,
}
STATUS_OF_STATE = {
    ThreadState.FOUND: ThreadStatus.FOUND,
    ThreadState.QUEUED: ThreadStatus.QUEUED,
    ThreadState.ARCHIVED: ThreadStatus.FAILED,
    ThreadState.UNREACHABLE: ThreadStatus.UNREACHABLE,
    ThreadState.DELETED: ThreadStatus.DELETED,
    ThreadState.FAILED: ThreadStatus.FAILED,
}


class NamedPerson(NamedTuple):
    """Somebody whom a thread names; the name is "" where none is told."""

    id: str
    name: str
    takes_part: bool


@dataclass(slots=True, kw_only=True)
class ThreadRow:
    """One thread: how it stands, why, and what its archive holds."""

    thread_id: str
    status: ThreadStatus
    reason: str = ""
    revision: int = 0
    archived_on: str = ""
    topic: str = ""
    created_on: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    retention_policy: Mapping[str, Any] = field(default_factory=dict)
    deletion_due_on: str = ""
    """When the service deletes it by its policy; "" if not, or if unknown."""
    grade: str = ""
    grade_reason: str = ""
    participants: int = 0
    bytes: int = 0
    files: int = 0
    """Files that messages name and the archive holds."""
    files_missing: int = 0
    differing: int = 0
    """Messages of which event and listing tell different things."""
    baseline: Baseline = field(default_factory=Baseline)
    people: tuple[NamedPerson, ...] = ()
    authors: tuple[str, ...] = ()
    """The raw ids of those who wrote, sorted."""
    accepted: str = ""
    """Who accepted that it stands so, when and why; "" where nobody has."""
    is_damaged: bool = False
    """Whether its archive is there and cannot be read: nobody can accept that."""

    @property
    def has_archive(self) -> bool:
        return self.status in HAVE_AN_ARCHIVE

    @property
    def is_open(self) -> bool:
        """Whether it is missing, and somebody can act on that or accept it."""
        is_closed = self.status is ThreadStatus.DELETED or bool(self.accepted)
        return not self.has_archive and not is_closed


def status_of(
    visibility: Visibility, reconciliation: Mapping[str, Any]
) -> ThreadStatus:
    """Return how a thread stands that was listed like this.

    With a snapshot it stands as the last whole pass left it, which has left a gap where
    it did not show all.
    """
    if visibility is Visibility.SNAPSHOT:
        kinds = {gap["kind"] for gap in reconciliation["gaps"]}
        is_partial = GapKind.LISTING in kinds
        return ThreadStatus.PARTIAL if is_partial else ThreadStatus.ARCHIVED
    return STATUS_OF_VISIBILITY[visibility]


def archived_row(
    manifest: Manifest, reconciliation: Mapping[str, Any], size: int
) -> ThreadRow:
    """Return how an archived thread stands.

    Raises:
        IntegrityError: its reconciliation is in an unknown form.

    """
    try:
        listing, counts = reconciliation["listing"], reconciliation["counts"]
        gaps = [str(gap["reason"]) for gap in reconciliation["gaps"]]
        policy = reconciliation["retention_policy"]
        return ThreadRow(
            thread_id=manifest.thread_id,
            status=status_of(Visibility(listing["visibility"]), reconciliation),
            reason=listing["reason"] or "; ".join(gaps),
            revision=manifest.revision,
            archived_on=manifest.written_on,
            topic=str(reconciliation["topic"]),
            created_on=str(reconciliation["created_on"]),
            metadata=dict(reconciliation["metadata"]),
            retention_policy=dict(policy),
            deletion_due_on=deleted_from(str(reconciliation["created_on"]), policy),
            grade=manifest.grade,
            grade_reason=manifest.grade_reason,
            participants=int(counts["participants"]),
            bytes=size,
            files=int(counts["files"]),
            files_missing=int(counts["files_missing"]),
            differing=int(reconciliation["outcomes"].get("differs", 0)),
            baseline=(baseline := Baseline.from_json(reconciliation["baseline"])),
            people=tuple(
                NamedPerson(
                    str(each["id"]), str(each["name"]), bool(each["takes_part"])
                )
                for each in reconciliation["people"]
            ),
            authors=tuple(sorted(baseline.by_author_and_day)),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError("its reconciliation.json cannot be read") from None


def found_row(thread_id: str, known: Thread | None) -> ThreadRow:
    """Return how a thread stands that has no archive."""
    if known is None:
        return ThreadRow(
            thread_id=thread_id,
            status=ThreadStatus.FAILED,
            reason="its archive has no manifest",
        )
    is_gone = known.state is ThreadState.ARCHIVED
    return ThreadRow(
        thread_id=thread_id,
        status=STATUS_OF_STATE[known.state],
        reason="it was archived, and its archive is not there"
        if is_gone
        else known.reason,
        deletion_due_on=known.deletion_due_on,
    )
