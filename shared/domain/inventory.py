"""The estate: every user and thread that a backfill has met, and what became of them.

A run's state is a log: each line tells one fact, and reading the lines in their order
gives the estate. So a run that is killed goes on where it was, and lines that were
written twice do no harm.

Rule 1: a user's threads are told before the user is told to be listed.
Rule 2: nothing that failed is forgotten: it is tried again by the next run, and named
        by the report until then.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from shared.domain import json_line
from shared.domain.log.record import SCHEMA
from shared.domain.times import parse_time

MOST_READERS_KEPT = 3
"""Readers that are kept of a thread: a listing as one of them tells of all others."""
SETTLING = timedelta(minutes=2)
"""A newest message this close to when a thread was archived may not be its last one:
listings tell whole seconds, and clocks differ."""


class UserState(StrEnum):
    """What became of looking for a user's threads."""

    MET = "met"
    LISTED = "listed"
    REFUSED = "refused"
    FAILED = "failed"


class ThreadState(StrEnum):
    """What became of a thread."""

    FOUND = "found"
    QUEUED = "queued"
    ARCHIVED = "archived"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


NOT_ASKED = (UserState.REFUSED, UserState.FAILED)
FINISHED = (ThreadState.QUEUED, ThreadState.ARCHIVED)


@dataclass(slots=True)
class User:
    """A user, how they were met, and what came of listing their threads."""

    id: str
    met_by: str = ""
    state: UserState = UserState.MET
    threads: int = 0
    reason: str = ""


@dataclass(slots=True)
class Thread:
    """A thread, who may read it, and what became of it.

    `last_message_on` is what the service said when the thread was found, `done_on` when
    it was last done with; "" where nobody has told.
    """

    id: str
    readers: tuple[str, ...] = ()
    last_message_on: str = ""
    state: ThreadState = ThreadState.FOUND
    revision: int = 0
    done_on: str = ""
    seen_message_on: str = ""
    """The newest message there was when it was last done with."""
    reason: str = ""

    def wants(self, reader: str) -> bool:
        """Return whether one more reader is worth knowing: the first may be gone."""
        return (
            bool(reader)
            and reader not in self.readers
            and len(self.readers) < MOST_READERS_KEPT
        )

    @property
    def has_news(self) -> bool:
        """Whether it may hold messages that came after it was last done with."""
        if self.state not in FINISHED or self.last_message_on != self.seen_message_on:
            return True
        last, done = parse_time(self.last_message_on), parse_time(self.done_on)
        return last is not None and done is not None and last > done - SETTLING


@dataclass(slots=True)
class Inventory:
    """All that a run's lines tell."""

    users: dict[str, User] = field(default_factory=dict)
    threads: dict[str, Thread] = field(default_factory=dict)
    user_states: Counter[UserState] = field(default_factory=Counter)
    thread_states: Counter[ThreadState] = field(default_factory=Counter)
    began_on: str = ""
    ended_on: str = ""
    """When the newest run came to its end; "" while it has not."""
    unreadable: int = 0

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> "Inventory":
        """Read a run's state. A line that is torn is counted, never raised."""
        inventory = cls()
        for line in lines:
            if line.strip():
                try:
                    inventory.apply(json_line.parse(line))
                except (ValueError, KeyError, TypeError):
                    inventory.unreadable += 1
        return inventory

    def apply(self, line: dict[str, Any]) -> None:
        """Take in one fact.

        Raises:
            ValueError, KeyError, TypeError: it is none that this product writes.

        """
        APPLY[line["kind"]](self, line)

    def began(self, line: dict[str, Any]) -> None:
        self.began_on, self.ended_on = self.began_on or str(line["on"]), ""

    def ended(self, line: dict[str, Any]) -> None:
        self.ended_on = str(line["on"])

    def met(self, line: dict[str, Any]) -> None:
        user = self.user(line)
        user.met_by = user.met_by or str(line["by"])

    def user(self, line: dict[str, Any]) -> User:
        name = str(line["id"])
        if name not in self.users:
            self.users[name] = User(name)
            self.user_states[UserState.MET] += 1
        return self.users[name]

    def thread(self, line: dict[str, Any]) -> Thread:
        name = str(line["id"])
        if name not in self.threads:
            self.threads[name] = Thread(name)
            self.thread_states[ThreadState.FOUND] += 1
        return self.threads[name]

    def listed(self, line: dict[str, Any]) -> None:
        user = self.user(line)
        self.user_states[user.state] -= 1
        user.state = UserState(line["state"])
        user.threads, user.reason = int(line["threads"]), str(line["reason"])
        self.user_states[user.state] += 1

    def found(self, line: dict[str, Any]) -> None:
        thread = self.thread(line)
        reader = str(line["reader"])
        if thread.wants(reader):
            thread.readers = (*thread.readers, reader)
        thread.last_message_on = max(
            thread.last_message_on, str(line["last_message_on"])
        )

    def done(self, line: dict[str, Any]) -> None:
        thread = self.thread(line)
        self.thread_states[thread.state] -= 1
        thread.state = ThreadState(line["state"])
        thread.revision = int(line["revision"])
        thread.done_on, thread.reason = str(line["on"]), str(line["reason"])
        thread.seen_message_on = str(line["seen"])
        self.thread_states[thread.state] += 1

    def unlisted(self, *, again: bool) -> Iterator[User]:
        """Yield the users to ask: all of them, or those who have not answered yet."""
        for user in self.users.values():
            if again or user.state is not UserState.LISTED:
                yield user

    @property
    def unasked(self) -> list[User]:
        """The users whose threads could not be had."""
        return [one for one in self.users.values() if one.state in NOT_ASKED]

    @property
    def has_failed_discovery(self) -> bool:
        """Whether some user's threads could not be asked for: there may be more."""
        return any(self.user_states[one] for one in NOT_ASKED)


APPLY = {
    "began": Inventory.began,
    "ended": Inventory.ended,
    "met": Inventory.met,
    "listed": Inventory.listed,
    "found": Inventory.found,
    "done": Inventory.done,
}


def began_line(on: str) -> dict[str, Any]:
    return {"schema": SCHEMA, "kind": "began", "on": on}


def ended_line(on: str) -> dict[str, Any]:
    return {"schema": SCHEMA, "kind": "ended", "on": on}


def met_line(user_id: str, by: str) -> dict[str, Any]:
    return {"schema": SCHEMA, "kind": "met", "id": user_id, "by": by}


def listed_line(
    user_id: str, state: UserState, *, threads: int = 0, reason: str = ""
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "kind": "listed",
        "id": user_id,
        "state": state,
        "threads": threads,
        "reason": reason,
    }


def found_line(
    thread_id: str, reader: str, last_message_on: str = ""
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "kind": "found",
        "id": thread_id,
        "reader": reader,
        "last_message_on": last_message_on,
    }


def done_line(
    thread: Thread, state: ThreadState, *, on: str, revision: int = 0, reason: str = ""
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "kind": "done",
        "id": thread.id,
        "state": state,
        "revision": revision,
        "on": on,
        "seen": thread.last_message_on,
        "reason": reason,
    }
