"""The completeness report: what was found, what is archived, and what is missing (P8).

What a run found and what the archive holds are put side by side. Neither is believed to
be all there is: a run that did not end, or could not ask somebody, is said first.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from shared.domain import json_line, layout
from shared.domain.errors import ArchiverError, IntegrityError
from shared.domain.evidence.manifest import Manifest
from shared.domain.inventory.facts import ThreadState, UserState
from shared.domain.inventory.state import Inventory, Thread, User
from shared.domain.people import NOBODY_KNOWN, PeopleDirectory, beside
from shared.domain.thread.baseline import Baseline
from shared.domain.words import plural
from shared.ports.archive_store import ArchiveStore
from shared.usecases.evidence.revisions import threads_of
from shared.usecases.evidence.thread_archive import newest_manifest
from shared.usecases.inventory.decisions import Decision, Decisions
from shared.usecases.inventory.runs import batches
from shared.usecases.inventory.settle import Settle
from shared.usecases.inventory.thread_rows import (
    IN_PART,
    ThreadRow,
    ThreadStatus,
    archived_row,
    found_row,
)

AT_ONCE = 32
"""Threads whose archives are read at the same time."""


@dataclass(slots=True, kw_only=True)
class InventoryReport:
    """What was found, as it stands.

    `run` is "" where no backfill has looked for threads; `kept_in_archive` says that
    the run's own state is gone, and that what the archive kept of it is reported.
    """

    run: str
    inventory: Inventory
    written_on: str = ""
    address: str = ""
    """Where the archive stands."""
    kept_in_archive: bool = False
    people: PeopleDirectory = NOBODY_KNOWN
    decisions: Decisions = field(default_factory=Decisions)
    rows: list[ThreadRow] = field(default_factory=list)
    statuses: Counter[ThreadStatus] = field(default_factory=Counter)
    total: Baseline = field(default_factory=Baseline)
    participants: int = 0
    bytes: int = 0
    files: int = 0
    files_missing: int = 0
    differing: int = 0
    names: dict[str, str] = field(default_factory=dict)
    """By raw id: a name of the time."""
    strays: list[str] = field(default_factory=list)
    """Folders of the archive that are no thread's, each as a sentence."""
    unmapped: list[str] = field(default_factory=list)
    """Authors who are in no identity map; empty where none was given."""

    # The four numbers that it begins with; the fourth is `total.messages`.

    @property
    def found(self) -> int:
        return len(self.rows)

    @property
    def archived(self) -> int:
        return sum(row.has_archive for row in self.rows)

    @property
    def in_part(self) -> list[ThreadRow]:
        """The threads whose archive lacks what could not be read, or listed."""
        return [row for row in self.rows if row.status in IN_PART]

    @property
    def missing(self) -> list[ThreadRow]:
        """The threads that have no archive."""
        return [row for row in self.rows if not row.has_archive]

    @property
    def open(self) -> list[ThreadRow]:
        """Those of them on which somebody can act, and that nobody has accepted."""
        return [row for row in self.rows if row.is_open]

    @property
    def unasked(self) -> list[User]:
        """The users who could not be asked, and whom nobody has accepted."""
        return [user for user in self.inventory.unasked if not self.acceptance_of(user)]

    @property
    def not_yet_asked(self) -> list[User]:
        """The users whom the run has not asked, and whom nobody has accepted."""
        return [
            user
            for user in self.inventory.users.values()
            if user.state is UserState.MET and not self.acceptance_of(user)
        ]

    @property
    def accepted_users(self) -> list[tuple[User, Decision]]:
        """The users who were not asked, as somebody has accepted."""
        inventory = self.inventory
        met = [each for each in inventory.users.values() if each.state is UserState.MET]
        return [
            (user, decision)
            for user in (*inventory.unasked, *met)
            if (decision := self.acceptance_of(user))
        ]

    def acceptance_of(self, user: User) -> Decision | None:
        return self.decisions.of_user(user.id, user.state)

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
        states = Counter(user.state for user in self.unasked)
        if states[UserState.FAILED]:
            failed = plural(states[UserState.FAILED], "user")
            doubts.append(f"{failed} could not be asked")
        if states[UserState.REFUSED]:
            doubts.append(f"no token for {plural(states[UserState.REFUSED], 'user')}")
        if inventory.ended_on and (not_asked := len(self.not_yet_asked)):
            doubts.append(f"not asked: {plural(not_asked, 'user')}")
        doubts += self.strays
        if inventory.unreadable:
            torn = plural(inventory.unreadable, "line")
            doubts.append(f"the run's state holds {torn} that cannot be read")
        return doubts

    @property
    def is_complete(self) -> bool:
        """Whether everybody could be asked and every thread found has an archive.

        But for those that were deleted in the service before, and those that somebody
        has accepted: nobody is to act on them.
        """
        return not self.doubts and not self.open

    @property
    def idle(self) -> list[User]:
        """The users who were asked and are in no thread."""
        return [
            user
            for user in self.inventory.users.values()
            if user.state is UserState.LISTED and not user.threads
        ]

    def called(self, raw_id: str) -> str:
        """Return the name of the time, and that of the directory; "" for neither."""
        return beside(self.names.get(raw_id, ""), self.people.name(raw_id))

    def add(self, row: ThreadRow) -> None:
        """Count a thread. Who spoke on which day is kept for all threads together."""
        decision = self.decisions.of_thread(row.thread_id, row.status)
        row.accepted = decision.text if decision and not row.is_damaged else ""
        self.statuses[row.status] += 1
        self.total.add(row.baseline)
        row.baseline.by_author_and_day = {}
        self.participants += row.participants
        self.bytes += row.bytes
        self.files += row.files
        self.files_missing += row.files_missing
        self.differing += row.differing
        for person in row.people:
            if person.name:
                self.names.setdefault(person.id, person.name)
        self.rows.append(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeReport:
    """Reads the newest manifest and reconciliation of every thread."""

    archive: ArchiveStore
    settle: Settle | None = None
    """What finds out what became of queued threads; None where there is no queue."""

    async def __call__(
        self, report: InventoryReport, mapped: Collection[str] | None = None
    ) -> InventoryReport:
        """Fill a report that has its run; `mapped` are authors with an identity.

        Raises:
            Transient: the archive cannot be reached.

        """
        inventory = report.inventory
        found = threads_of(self.archive, report.strays.append)
        archived = {thread_id async for thread_id in found}
        await self.settle_all_but(archived, inventory)
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

    async def settle_all_but(
        self, archived: Collection[str], inventory: Inventory
    ) -> None:
        """Apply what became of queued threads that have no archive; record nothing.

        Who may not look at the queue sees them as queued.
        """
        queued = [
            thread
            for thread in inventory.threads.values()
            if thread.state is ThreadState.QUEUED and thread.id not in archived
        ]
        if self.settle:
            with suppress(ArchiverError):
                async for facts in self.settle.outcomes(queued):
                    for fact in facts:
                        inventory.apply(fact)

    async def row(
        self, thread_id: str, known: Thread | None, *, is_there: bool
    ) -> ThreadRow:
        """Return how one thread stands; what is wrong with it is its reason."""
        without = found_row(thread_id, known)
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
            without.is_damaged = True
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
