"""Discover: quiet threads of the configured readers, where no events announce them.

What was found, and when each thread was last archived, is a run of its own in the
control container, as a backfill's is; so nothing is asked of the service twice.

A thread that was queued is not an archived one: its work may have ended on the poison
queue. So the archive is asked, once for each time that a thread was queued.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain import layout
from shared.domain.archive.manifest import Manifest
from shared.domain.errors import ArchiverError
from shared.domain.inventory.facts import (
    Began,
    Ended,
    Fact,
    ThreadDone,
    ThreadState,
    UserListed,
)
from shared.domain.inventory.state import SETTLING, Inventory, Thread
from shared.domain.times import parse_time
from shared.ports.append_log import AppendLog
from shared.ports.archive_store import ArchiveFiles, ArchiveStore
from shared.ports.clock import Clock
from shared.ports.leases import LeaseHeld, Leases
from shared.ports.thread_finder import ThreadFinder
from shared.usecases.evidence.revisions import newest_manifest
from shared.usecases.inventory.archivers import NOT_DONE, Archiver, Done
from shared.usecases.inventory.backfill import Backfill, Scope, Seeds
from shared.usecases.inventory.runs import BackfillRun, batches

RUN = "discovery"
"""The name of the run. A backfill of that name would wait for the sweep."""
LATE_AFTER = timedelta(hours=6)
"""How long a queued thread may take to be archived: longer than five tries, and than a
queue that is worked on."""
AT_ONCE = 16
"""Threads whose archives are asked for at once."""


@dataclass(slots=True, kw_only=True)
class Discovered:
    """What the readers' threads are, and what became of them."""

    threads: int = 0
    queued: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class WhenQuiet:
    """Queues a thread once it is quiet, and again once it was too long ago."""

    archiver: Archiver
    now: datetime
    quiet_for: timedelta
    max_open: timedelta
    queued: int = 0

    async def __call__(self, thread: Thread) -> Done:
        """Queue a thread, or leave it for a later sweep."""
        last, done = parse_time(thread.last_message_on), parse_time(thread.done_on)
        is_quiet = last is None or self.now - last >= self.quiet_for
        is_old = done is None or self.now - done >= self.max_open
        if not is_quiet and not is_old:
            return NOT_DONE
        outcome = await self.archiver(thread)
        self.queued += outcome.state is ThreadState.QUEUED
        return outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Discover:
    """Asks each reader for their threads."""

    finder: ThreadFinder
    archiver: Archiver
    archive: ArchiveStore
    log: AppendLog
    files: ArchiveFiles
    leases: Leases
    clock: Clock
    reader_ids: Sequence[str]
    quiet_for: timedelta
    max_open: timedelta

    async def __call__(self) -> Discovered:
        """Queue the readers' threads that are due.

        A reader who cannot be asked is a failure: their threads are not known (P8).

        Raises:
            Transient: what was found could not be made durable.

        """
        try:
            async with self.leases.hold(layout.run_lease_path(RUN)):
                return await self.ask()
        except LeaseHeld:
            return Discovered()  # another sweep is at it

    async def ask(self) -> Discovered:
        run = BackfillRun(name=RUN, log=self.log, files=self.files, is_news=is_news)
        await run.load()
        await self.settle(run)
        archiver = WhenQuiet(
            archiver=self.archiver,
            now=self.clock(),
            quiet_for=self.quiet_for,
            max_open=self.max_open,
        )
        backfill = Backfill(
            run=run,
            finder=self.finder,
            archiver=archiver,
            clock=self.clock,
            scope=Scope.SINCE_LAST,
        )
        inventory = await backfill(
            Seeds(users=[(user_id, "ACS_READER_IDS") for user_id in self.reader_ids])
        )
        return Discovered(
            threads=len(inventory.threads),
            queued=archiver.queued,
            failures=[f"reader {user.id}: {user.reason}" for user in inventory.unasked],
        )

    async def settle(self, run: BackfillRun) -> None:
        """Record what became of threads that were queued long ago."""
        now = self.clock()
        queued = [
            thread
            for thread in run.inventory.threads.values()
            if is_late(thread, now - LATE_AFTER)
        ]
        for some in batches(queued, AT_ONCE):
            await run.record(*await asyncio.gather(*map(self.outcome_of, some)))

    async def outcome_of(self, thread: Thread) -> ThreadDone:
        state, revision, reason = ThreadState.FAILED, 0, "queued, and not archived"
        try:
            manifest = await newest_manifest(self.archive, thread.id)
            if manifest and holds_the_last_of(thread, manifest):
                state, revision, reason = ThreadState.ARCHIVED, manifest.revision, ""
        except ArchiverError as error:
            reason = str(error)
        # When it was queued stays: it is what a later message is compared with.
        return thread.done(state, on=thread.done_on, revision=revision, reason=reason)


def is_news(fact: Fact, inventory: Inventory) -> bool:
    """Return whether a fact says anything new: a sweep without news writes nothing."""
    match fact:
        case Began():
            return not inventory.began_on
        case Ended():
            return not inventory.ended_on
        case UserListed():
            user = inventory.users.get(fact.id)
            answer = fact.state, fact.threads, fact.reason
            return user is None or answer != (user.state, user.threads, user.reason)
    return True


def is_late(thread: Thread, since: datetime) -> bool:
    """Return whether a thread should have been archived by now, as far as is known."""
    queued = parse_time(thread.done_on)
    is_queued = thread.state is ThreadState.QUEUED and not thread.has_news
    return is_queued and queued is not None and queued <= since


def holds_the_last_of(thread: Thread, manifest: Manifest) -> bool:
    """Return whether a revision has what was said last, or is clearly younger."""
    last = parse_time(thread.last_message_on)
    archived = parse_time(manifest.archived_on)
    newest = parse_time(str(manifest.content["counts"]["last_message_on"]))
    if last is None:
        return True
    is_younger = archived is not None and archived >= last + SETTLING
    return is_younger or (newest is not None and newest >= last)
