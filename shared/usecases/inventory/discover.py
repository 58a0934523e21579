"""Discover: quiet threads of the configured readers, where no events announce them.

What was found, and when each thread was last archived, is a run of its own in the
control container, as a backfill's is; so nothing is asked of the service twice.

A thread that was queued is not an archived one (`settle`): it is queued again until it
is archived, and rests where it failed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain import layout
from shared.domain.inventory.facts import (
    Began,
    Ended,
    Fact,
    UserListed,
)
from shared.domain.inventory.state import Inventory, Thread
from shared.domain.times import parse_time
from shared.ports.append_log import AppendLog
from shared.ports.archive_store import ArchiveFiles
from shared.ports.clock import Clock
from shared.ports.leases import LeaseHeld, Leases
from shared.ports.thread_finder import ThreadFinder
from shared.usecases.inventory.archivers import NOT_DONE, Archiver, Done
from shared.usecases.inventory.backfill import Backfill, Scope, Seeds
from shared.usecases.inventory.runs import BackfillRun
from shared.usecases.inventory.settle import Settle

RUN = "discovery"
"""The name of the run. A backfill of that name would wait for the sweep."""


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
        self.queued += outcome.is_put
        return outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Discover:
    """Asks each reader for their threads."""

    finder: ThreadFinder
    new_archiver: Callable[[], Archiver]
    """Returns one for each sweep: it looks at the queue once."""
    settle: Settle
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
            archiver=self.new_archiver(),
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
            expiring_first=False,  # a thread waits for no other here
        )
        inventory = await backfill(
            Seeds(users=[(user_id, "ACS_READER_IDS") for user_id in self.reader_ids])
        )
        return Discovered(
            threads=len(inventory.threads),
            queued=archiver.queued,
            failures=[f"reader {user.id}: {user.reason}" for user in inventory.unasked],
        )


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
