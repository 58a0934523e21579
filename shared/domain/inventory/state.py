"""The inventory: every user and thread that a backfill found, and what became of them.

A run's state is a log of facts: applying them in their order gives the inventory, so a
run that is killed goes on where it was. Nothing that failed is forgotten: it is tried
again by the next run, and named by the report until then.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import assert_never

from shared.domain.identity import is_own_user, resource_of
from shared.domain.inventory.facts import (
    Began,
    Ended,
    Fact,
    ThreadDone,
    ThreadFound,
    ThreadState,
    UserListed,
    UserMet,
    UserState,
    decode_fact,
)
from shared.domain.times import as_moment, parse_time

MOST_READERS = 3
"""Readers recorded per thread: any of them sees all other participants."""
SETTLING = timedelta(minutes=2)
"""A newest message this close to when a thread was archived may not be its last one:
listings have whole seconds, and clocks differ."""


NOT_ASKED = (UserState.REFUSED, UserState.FAILED)
FINISHED = (ThreadState.QUEUED, ThreadState.ARCHIVED, ThreadState.DELETED)


@dataclass(slots=True)
class User:
    """A user, how they were found, and the result of listing their threads."""

    id: str
    found_by: str = ""
    state: UserState = UserState.MET
    threads: int = 0
    reason: str = ""


@dataclass(slots=True)
class Thread:
    """A thread, who may read it, and what became of it.

    `last_message_on` is what the service said when the thread was found, `deleted_on`
    when it was deleted there, `deletion_due_on` when its retention policy has it
    deleted, `done_on` when it was last finished; each is "" where it is not known.
    """

    id: str
    readers: tuple[str, ...] = ()
    last_message_on: str = ""
    deleted_on: str = ""
    deletion_due_on: str = ""
    state: ThreadState = ThreadState.FOUND
    revision: int = 0
    done_on: str = ""
    seen_message_on: str = ""
    """The time of the newest message when the thread was last finished."""
    reason: str = ""

    def wants(self, reader: str) -> bool:
        """Return whether to record one more reader: the first may have left."""
        return (
            bool(reader)
            and reader not in self.readers
            and len(self.readers) < MOST_READERS
        )

    def done(
        self, state: ThreadState, *, on: str, revision: int = 0, reason: str = ""
    ) -> ThreadDone:
        """Return the fact that this became of the thread as it is known now.

        Nobody can reach one that was deleted: what is lost there is lost for good.
        """
        if state is ThreadState.UNREACHABLE and self.deleted_on:
            state = ThreadState.DELETED
            reason = f"deleted in the service on {self.deleted_on}"
        return ThreadDone(
            id=self.id,
            state=state,
            revision=revision,
            on=on,
            seen=self.last_message_on,
            reason=reason,
        )

    @property
    def has_news(self) -> bool:
        """Whether it may hold messages that came after it was last finished."""
        if self.state not in FINISHED or self.last_message_on != self.seen_message_on:
            return True
        last, done = parse_time(self.last_message_on), parse_time(self.done_on)
        return last is not None and done is not None and last > done - SETTLING


@dataclass(slots=True)
class Inventory:
    """Everything that a run's facts add up to."""

    users: dict[str, User] = field(default_factory=dict)
    threads: dict[str, Thread] = field(default_factory=dict)
    user_states: Counter[UserState] = field(default_factory=Counter)
    thread_states: Counter[ThreadState] = field(default_factory=Counter)
    began_on: str = ""
    ended_on: str = ""
    """When the newest run ended; "" while it is still running."""
    unreadable: int = 0
    """Lines that could not be read, and were not made up for since."""
    is_again: bool = False
    """Whether the newest run asks for everything once more."""
    resources: set[str] = field(default_factory=set)
    """The resources of the users who were listed: one, where their ids say it."""

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> "Inventory":
        """Read a run's state. An unreadable line is counted, never raised."""
        inventory = cls()
        for line in lines:
            if line.strip():
                try:
                    inventory.apply(decode_fact(line))
                except (ValueError, KeyError, TypeError):
                    inventory.unreadable += 1
        return inventory

    def facts(self) -> Iterator[Fact]:
        """Yield facts that add up to this inventory: the fewest that do."""
        if self.began_on:
            yield Began(self.began_on)
        for user in self.users.values():
            yield UserMet(user.id, user.found_by)
            if user.state is not UserState.MET:
                yield UserListed(user.id, user.state, user.threads, user.reason)
        for thread in self.threads.values():
            for reader in thread.readers or ("",):
                yield ThreadFound(
                    thread.id,
                    reader,
                    thread.last_message_on,
                    thread.deleted_on,
                    thread.deletion_due_on,
                )
            if thread.state is not ThreadState.FOUND:
                yield ThreadDone(
                    id=thread.id,
                    state=thread.state,
                    revision=thread.revision,
                    on=thread.done_on,
                    seen=thread.seen_message_on,
                    reason=thread.reason,
                )
        if self.ended_on:
            yield Ended(self.ended_on)

    def apply(self, fact: Fact) -> None:
        """Apply one fact."""
        match fact:
            case Began():
                self.began_on, self.ended_on = self.began_on or fact.on, ""
                self.is_again = fact.again
            case Ended():
                self.ended_on = fact.on
                if self.is_again:  # whatever a damaged line said was asked for again
                    self.unreadable = 0
            case UserMet():
                user = self.user(fact.id)
                user.found_by = user.found_by or fact.by
            case UserListed():
                self.apply_listed(fact)
            case ThreadFound():
                thread = self.thread(fact.id)
                if thread.wants(fact.reader):
                    thread.readers = (*thread.readers, fact.reader)
                thread.last_message_on = max(
                    thread.last_message_on, fact.last_message_on, key=as_moment
                )
                thread.deleted_on = fact.deleted_on or thread.deleted_on
                thread.deletion_due_on = fact.deletion_due_on or thread.deletion_due_on
            case ThreadDone():
                self.apply_done(fact)
            case _:
                assert_never(fact)

    def apply_listed(self, fact: UserListed) -> None:
        user = self.user(fact.id)
        self.user_states[user.state] -= 1
        user.state, user.threads, user.reason = fact.state, fact.threads, fact.reason
        if user.state is UserState.LISTED and (resource := resource_of(user.id)):
            self.resources.add(resource)
        self.user_states[user.state] += 1

    def apply_done(self, fact: ThreadDone) -> None:
        thread = self.thread(fact.id)
        self.thread_states[thread.state] -= 1
        thread.state, thread.revision = fact.state, fact.revision
        thread.done_on, thread.reason = fact.on, fact.reason
        thread.seen_message_on = fact.seen
        self.thread_states[thread.state] += 1

    def user(self, user_id: str) -> User:
        if user_id not in self.users:
            self.users[user_id] = User(user_id)
            self.user_states[UserState.MET] += 1
        return self.users[user_id]

    def thread(self, thread_id: str) -> Thread:
        if thread_id not in self.threads:
            self.threads[thread_id] = Thread(thread_id)
            self.thread_states[ThreadState.FOUND] += 1
        return self.threads[thread_id]

    def is_ours(self, user_id: str) -> bool:
        """Return whether somebody is a user of this resource, as far as is known.

        A resource has one id, and issues tokens for its own users alone: whoever was
        listed tells which it is.
        """
        if not is_own_user(user_id):
            return False
        resource = resource_of(user_id)
        return not resource or not self.resources or resource in self.resources

    def unlisted(self, *, again: bool) -> Iterator[User]:
        """Yield the users to list: all, or those whose threads have not been listed."""
        for user in self.users.values():
            if again or user.state is not UserState.LISTED:
                yield user

    @property
    def is_empty(self) -> bool:
        """Whether no line says anything, not even one that cannot be read."""
        return not (self.began_on or self.users or self.threads or self.unreadable)

    @property
    def unasked(self) -> list[User]:
        """The users whose threads could not be listed, though they may be ours."""
        return [
            user
            for user in self.users.values()
            if user.state in NOT_ASKED and self.is_ours(user.id)
        ]

    @property
    def outside(self) -> list[User]:
        """Those who are no users of this resource: nobody has a token for them."""
        return [user for user in self.users.values() if not self.is_ours(user.id)]

    @property
    def has_failed_discovery(self) -> bool:
        """Whether some user's threads could not be listed: there may be more."""
        return bool(self.unasked)
