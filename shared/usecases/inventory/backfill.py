"""Backfill: every thread of a resource, found through the users in them.

Users are asked for their threads, threads are archived, and, on request, whoever takes
part in a thread is asked for their threads in turn, until nothing new is found.

Rule 1: what was learned is durable before anything is built on it
        (`domain.inventory`), so a run that is killed goes on where it was.
Rule 2: one user or thread that fails is recorded and never stops the others.
Rule 3: a thread that its retention policy has deleted soon is archived before others,
        as soon as that is known.
Rule 4: nobody is asked twice in a run, and the threads of one reader take turns with
        those of others: the service limits how often each user may ask.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.domain.errors import ArchiverError, NotSignedIn
from shared.domain.inventory.facts import (
    Began,
    Ended,
    Fact,
    ThreadFound,
    ThreadState,
    UserListed,
    UserMet,
    UserState,
)
from shared.domain.inventory.state import FINISHED, Inventory, Thread, User
from shared.domain.times import as_moment, format_time
from shared.domain.words import plural
from shared.ports.chat_service import ReaderRefused
from shared.ports.clock import Clock
from shared.ports.thread_finder import FoundThread, ThreadFinder
from shared.usecases.inventory.archivers import NOT_DONE, Archiver, Done
from shared.usecases.inventory.runs import BackfillRun, batches
from shared.usecases.inventory.turns import Turns

MOST_WAITING = 10_000
"""Threads that wait to be archived before no more users are asked for theirs."""
LOOKED_AT_ONCE = 32
"""Threads that are looked at, and recorded, together."""
ASKING_SHARE = 4
"""One of so many at work asks users for their threads while others wait."""


class Scope(StrEnum):
    """What a run looks at that an earlier one of its name has finished."""

    NEW = "new"
    SINCE_LAST = "since_last"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """Where to begin: users and how each was found; threads and a reader, or ""."""

    users: Sequence[tuple[str, str]] = ()
    threads: Sequence[tuple[str, str]] = ()


@dataclass(kw_only=True)
class Backfill:
    """Finds and archives. Without an `archiver` it only finds.

    `stop` ends it early and cleanly: what is under way is finished, nothing is begun.
    """

    run: BackfillRun
    finder: ThreadFinder
    archiver: Archiver | None
    clock: Clock
    scope: Scope = Scope.NEW
    follow: bool = False
    concurrency: int = 16
    expiring_first: bool = True
    """Whether to ask, of each new thread, when its retention policy has it deleted."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    users: deque[User] = field(default_factory=deque, init=False)
    waiting: Turns = field(default_factory=Turns, init=False)
    followed: set[str] = field(default_factory=set, init=False)
    asked_when_due: set[str] = field(default_factory=set, init=False)
    changed: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    busy: int = field(default=0, init=False)
    asking: int = field(default=0, init=False)

    @property
    def inventory(self) -> Inventory:
        return self.run.inventory

    async def __call__(self, seeds: Seeds) -> Inventory:
        """Run until nothing new is found; return what is known then.

        The run has to be loaded.

        Raises:
            Transient: the run's own state could not be made durable.

        """
        again = self.scope is Scope.ALL
        await self.run.record(Began(self.now(), again), *self.new_seeds(seeds))
        self.users.extend(self.inventory.unlisted(again=self.scope is not Scope.NEW))
        for thread in self.inventory.threads.values():
            if self.scope is Scope.ALL or thread.state not in FINISHED:
                self.waiting.add(thread)
        await self.work()
        if not self.stop.is_set():
            await self.run.record(Ended(self.now()))
        return self.inventory

    def now(self) -> str:
        return format_time(self.clock())

    def new_seeds(self, seeds: Seeds) -> Sequence[Fact]:
        """Return what of the seeds is not known yet."""
        users = dict(seeds.users)
        return [
            UserMet(user, by)
            for user, by in users.items()
            if user not in self.inventory.users
        ] + [
            ThreadFound(thread_id, reader)
            for thread_id, reader in dict.fromkeys(seeds.threads)
            if self.is_new(FoundThread(id=thread_id), reader)
        ]

    def is_new(self, found: FoundThread, reader: str) -> bool:
        known = self.inventory.threads.get(found.id)
        return (
            known is None
            or known.wants(reader)
            or as_moment(found.last_message_on) > as_moment(known.last_message_on)
            or (bool(found.deleted_on) and found.deleted_on != known.deleted_on)
        )

    async def work(self) -> None:
        """Do all there is, so many at a time."""
        workers = [asyncio.create_task(self.worker()) for _ in range(self.concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def worker(self) -> None:
        """Do one thing after the other until there is nothing, and none may come."""
        while not self.stop.is_set():
            step = self.next_step()
            if step is None and not self.busy:
                self.changed.set()
                return
            if step is None:
                self.changed.clear()
                await self.changed.wait()
                continue
            self.busy += 1
            try:
                await step
            finally:
                self.busy -= 1
                self.changed.set()

    def next_step(self) -> Coroutine[Any, Any, None] | None:
        """Return what to do next: a few ask for threads, ahead of those who archive."""
        may_ask = self.asking < max(1, self.concurrency // ASKING_SHARE)
        has_room = self.waiting.length < MOST_WAITING
        if self.users and (not self.waiting.length or (may_ask and has_room)):
            return self.ask(self.users.popleft())
        return self.archive(self.waiting.pop()) if self.waiting.length else None

    async def ask(self, user: User) -> None:
        """Ask for a user's threads."""
        self.asking += 1
        try:
            await self.run.record(*await self.answer_of(user))
        finally:
            self.asking -= 1

    async def answer_of(self, user: User) -> list[Fact]:
        if not self.inventory.is_ours(user.id):
            reason = "no user of this resource: no token exists for such an id"
            return [UserListed(user.id, UserState.OUTSIDE, reason=reason)]
        try:
            listed = await self.finder.threads_of(user.id)
        except ReaderRefused as error:
            return [UserListed(user.id, UserState.REFUSED, reason=error.reason)]
        except NotSignedIn:
            raise  # nothing else would work either: the run goes on another time
        except ArchiverError as error:
            return [UserListed(user.id, UserState.FAILED, reason=str(error))]
        threads = listed.threads
        for some in batches(threads, LOOKED_AT_ONCE):
            await self.take(some, user.id)
        if listed.unreadable:
            reason = f"{plural(listed.unreadable, 'listed thread')} could not be read"
            return [UserListed(user.id, UserState.FAILED, len(threads), reason)]
        return [UserListed(user.id, UserState.LISTED, threads=len(threads))]

    async def take(self, threads: Sequence[FoundThread], reader: str) -> None:
        """Record threads that a user has, and let those that are due wait."""
        new = [found for found in threads if self.is_new(found, reader)]
        looks = [self.deletion_of(found, reader) for found in new]
        due = await asyncio.gather(*looks)
        await self.run.record(
            *(
                ThreadFound(
                    found.id, reader, found.last_message_on, found.deleted_on, due_on
                )
                for found, due_on in zip(new, due, strict=True)
            )
        )
        for found in threads:
            thread = self.inventory.threads[found.id]
            if self.is_due(thread):
                self.waiting.add(thread)

    async def deletion_of(self, found: FoundThread, reader: str) -> str:
        """Return when the service deletes a thread; "" where nobody knows."""
        known = self.inventory.threads.get(found.id)
        # Having a reader says nothing: a file may have named both, and nobody asked.
        was_listed = known and known.readers and known.last_message_on
        was_asked = was_listed or found.id in self.asked_when_due
        if not self.expiring_first or found.deleted_on or was_asked:
            return ""
        self.asked_when_due.add(found.id)
        try:
            return await self.finder.deletion_due(found.id, reader)
        except ArchiverError:
            return ""  # it is archived all the same, in its turn

    def is_due(self, thread: Thread) -> bool:
        if self.scope is Scope.SINCE_LAST:
            return thread.has_news
        return self.scope is Scope.ALL or thread.state not in FINISHED

    async def archive(self, thread: Thread) -> None:
        """Have a thread archived, and find out who takes part in it."""
        # Taken before: what is queued may be archived before anything else happens.
        asked_on = self.now()
        done = await self.archiver(thread) if self.archiver else NOT_DONE
        people = done.people
        if self.follow and not people:
            try:
                people = await self.participants_of(thread)
            except NotSignedIn:
                raise
            except ArchiverError as error:
                done = Done(state=ThreadState.FAILED, reason=f"participants: {error}")
        new = self.strangers(people) if self.follow else []
        facts: list[Fact] = [UserMet(user_id, thread.id) for user_id in new]
        if done.state is not ThreadState.FOUND:
            facts.append(
                thread.done(
                    done.state,
                    on=asked_on,
                    revision=done.revision,
                    reason=done.reason,
                )
            )
        await self.run.record(*facts)
        self.users.extend(self.inventory.users[user_id] for user_id in new)
        if thread.state is ThreadState.UNREACHABLE:
            self.waiting.add(thread)  # another reader may have been found meanwhile

    def strangers(self, people: Sequence[str]) -> list[str]:
        """Return who was never found before, once, however many threads they are in."""
        new = [
            user_id
            for user_id in people
            if self.inventory.is_ours(user_id)
            and user_id not in self.inventory.users
            and user_id not in self.followed
        ]
        self.followed.update(new)
        return new

    async def participants_of(self, thread: Thread) -> tuple[str, ...]:
        """Ask who takes part, of whoever may see it; nobody may where all have left."""
        for reader in thread.readers:
            try:
                return tuple(await self.finder.participants_of(thread.id, reader))
            except ReaderRefused:
                continue
        return ()
