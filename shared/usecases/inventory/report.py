"""The completeness report: what was found, what is archived, and what is missing (P8).

What a run found and what the archive holds are put side by side. Neither is believed to
be all there is: a run that did not end, or could not ask somebody, is said first.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.domain import json_line, layout
from shared.domain.errors import ArchiverError, IntegrityError
from shared.domain.evidence.manifest import Manifest
from shared.domain.inventory.facts import ThreadState, UserState
from shared.domain.inventory.state import Inventory, Thread, User
from shared.domain.thread.baseline import Baseline
from shared.domain.thread.listing import Visibility
from shared.domain.thread.retention import deleted_from
from shared.domain.thread.transcript import GapKind
from shared.domain.words import plural
from shared.ports.archive_store import ArchiveStore
from shared.usecases.evidence.revisions import threads_of
from shared.usecases.evidence.thread_archive import newest_manifest
from shared.usecases.inventory.runs import batches

AT_ONCE = 32
"""Threads whose archives are read at the same time."""


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


HAVE_AN_ARCHIVE = (
    ThreadStatus.ARCHIVED,
    ThreadStatus.PARTIAL,
    ThreadStatus.EVENTS_ONLY,
)
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


@dataclass(slots=True, kw_only=True)
class InventoryReport:
    """The estate as it stands. `run` is "" where no backfill has looked for threads."""

    run: str
    inventory: Inventory
    rows: list[ThreadRow] = field(default_factory=list)
    statuses: Counter[ThreadStatus] = field(default_factory=Counter)
    total: Baseline = field(default_factory=Baseline)
    participants: int = 0
    bytes: int = 0
    files: int = 0
    files_missing: int = 0
    differing: int = 0
    strays: list[str] = field(default_factory=list)
    """Folders of the archive that are no thread's, each as a sentence."""
    unmapped: list[str] = field(default_factory=list)
    """Authors who are in no identity map; empty where none was given."""

    @property
    def doubts(self) -> list[str]:
        """Why there may be threads that nobody has found; empty for none."""
        inventory = self.inventory
        doubts = []
        if not self.run:
            doubts.append(
                "no backfill has looked for threads: only the archive was counted"
            )
        elif not inventory.ended_on:
            doubts.append(f"run {self.run} has not come to its end")
        states = inventory.user_states
        if states[UserState.FAILED]:
            failed = plural(states[UserState.FAILED], "user")
            doubts.append(f"{failed} could not be asked")
        refused = [u for u in inventory.unasked if u.state is UserState.REFUSED]
        if refused:
            doubts.append(f"no token for {plural(len(refused), 'user')}")
        if states[UserState.MET] and inventory.ended_on:
            doubts.append(f"not asked: {plural(states[UserState.MET], 'user')}")
        doubts += self.strays
        if inventory.unreadable:
            torn = plural(inventory.unreadable, "torn line")
            doubts.append(f"the run's state holds {torn}")
        return doubts

    @property
    def is_complete(self) -> bool:
        """Whether everybody could be asked and every thread found has an archive.

        But for those that were deleted in the service before: nobody can act on them.
        """
        closed = (*HAVE_AN_ARCHIVE, ThreadStatus.DELETED)
        settled = sum(self.statuses[status] for status in closed)
        return not self.doubts and settled == len(self.rows)

    @property
    def idle(self) -> list[User]:
        """The users who were asked and are in no thread."""
        return [
            user
            for user in self.inventory.users.values()
            if user.state is UserState.LISTED and not user.threads
        ]

    def add(self, row: ThreadRow) -> None:
        """Count a thread. Who spoke on which day is kept for all threads together."""
        self.statuses[row.status] += 1
        self.total.add(row.baseline)
        row.baseline.by_author_and_day = {}
        self.participants += row.participants
        self.bytes += row.bytes
        self.files += row.files
        self.files_missing += row.files_missing
        self.differing += row.differing
        self.rows.append(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeReport:
    """Reads the newest manifest and reconciliation of every thread."""

    archive: ArchiveStore

    async def __call__(
        self, run: str, inventory: Inventory, mapped: Collection[str] | None = None
    ) -> InventoryReport:
        """Report on a run and on the archive; `mapped` are authors with an identity.

        Raises:
            Transient: the archive cannot be reached.

        """
        report = InventoryReport(run=run, inventory=inventory)
        found = threads_of(self.archive, report.strays.append)
        archived = {thread_id async for thread_id in found}
        ids = sorted(archived | inventory.threads.keys())
        for some in batches(ids, AT_ONCE):
            rows = await asyncio.gather(
                *(
                    self.row(
                        thread_id,
                        inventory.threads.get(thread_id),
                        is_there=thread_id in archived,
                    )
                    for thread_id in some
                )
            )
            for row in rows:
                report.add(row)
        if mapped is not None:
            authors = report.total.by_author_and_day
            report.unmapped = sorted(
                author for author in authors if author not in mapped
            )
        return report

    async def row(
        self, thread_id: str, known: Thread | None, *, is_there: bool
    ) -> ThreadRow:
        """Return how one thread stands; what is wrong with it is its reason."""
        without = ThreadRow(
            thread_id=thread_id,
            status=STATUS_OF_STATE[known.state] if known else ThreadStatus.FAILED,
            reason=known.reason if known else "its archive has no manifest",
        )
        if known and known.state is ThreadState.ARCHIVED:
            without.reason = "it was archived, and its archive is not there"
        if not is_there:
            return without
        try:
            manifest = await newest_manifest(self.archive, thread_id)
            if manifest is None:
                return without
            return archived_row(
                manifest, await self.reconciliation(manifest), await self.size(manifest)
            )
        except ArchiverError as error:
            without.status, without.reason = ThreadStatus.FAILED, str(error)
            return without

    async def reconciliation(self, manifest: Manifest) -> Mapping[str, Any]:
        path = layout.revision_path(
            manifest.thread_id, manifest.revision, "reconciliation.json"
        )
        try:
            return dict(json_line.parse(await self.archive.read(path)))
        except (ValueError, TypeError):
            raise IntegrityError(f"{path} cannot be read") from None

    async def size(self, manifest: Manifest) -> int:
        """Return the bytes of all files of a revision."""
        folder = layout.revision_path(manifest.thread_id, manifest.revision, "")
        return sum([file.size async for file in self.archive.walk(folder)])


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
            baseline=Baseline.from_json(reconciliation["baseline"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError("its reconciliation.json cannot be read") from None
