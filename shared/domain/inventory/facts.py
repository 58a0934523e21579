"""Facts of a backfill's run: one line each, in the order in which they became known.

Rule 1: a user's threads are recorded before the user is recorded as listed.
Rule 2: a line that is written twice does no harm.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from shared.domain import json_line
from shared.domain.log.record import SCHEMA


class UserState(StrEnum):
    """What became of looking for a user's threads."""

    MET = "met"
    LISTED = "listed"
    REFUSED = "refused"
    FAILED = "failed"
    OUTSIDE = "outside"
    """No user of this resource: there is no token for them, and none is needed."""


class ThreadState(StrEnum):
    """What became of a thread."""

    FOUND = "found"
    QUEUED = "queued"
    ARCHIVED = "archived"
    UNREACHABLE = "unreachable"
    DELETED = "deleted"
    """In the service, before it could be archived."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Began:
    """A run began, or went on; `again` where it asks for everything once more."""

    on: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A run came to its end."""

    on: str


@dataclass(frozen=True, slots=True)
class UserMet:
    """A user was found. `by` says how: a file, a setting, a thread."""

    id: str
    by: str


@dataclass(frozen=True, slots=True)
class UserListed:
    """A user was asked for their threads; `threads` is how many they have."""

    id: str
    state: UserState
    threads: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ThreadFound:
    """A thread was found; `reader` may read it, or "" where nobody is known.

    The service goes on listing a thread for a while after it was deleted there.
    `deletion_due_on` is when its retention policy has it deleted; "" if never, or if
    nobody could be asked.
    """

    id: str
    reader: str
    last_message_on: str = ""
    deleted_on: str = ""
    deletion_due_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadDone:
    """Something became of a thread. `seen` is its newest message at that time."""

    id: str
    state: ThreadState
    revision: int = 0
    on: str
    seen: str = ""
    reason: str = ""


Fact = Began | Ended | UserMet | UserListed | ThreadFound | ThreadDone
KINDS: dict[type[Fact], str] = {
    Began: "began",
    Ended: "ended",
    UserMet: "met",
    UserListed: "listed",
    ThreadFound: "found",
    ThreadDone: "done",
}
"""The `kind` of each fact in a line."""


def fact_json(fact: Fact) -> dict[str, Any]:
    """Return a fact as the JSON object that its line holds."""
    return {"schema": SCHEMA, "kind": KINDS[type(fact)], **asdict(fact)}


def encode_fact(fact: Fact) -> bytes:
    """Return the line of a fact, with LF."""
    return json_line.encode(json_line.compact(fact_json(fact)) + "\n")


def decode_fact(line: bytes) -> Fact:
    """Read a line.

    Raises:
        ValueError, KeyError, TypeError: it is not one that this product writes.

    """
    return fact_of(json_line.parse(line))


def fact_of(value: Mapping[str, Any]) -> Fact:
    """Return the fact in a JSON object; raise as `decode_fact` does."""
    match value["kind"]:
        case "began":
            return Began(str(value["on"]), value.get("again") is True)
        case "ended":
            return Ended(str(value["on"]))
        case "met":
            return UserMet(str(value["id"]), str(value["by"]))
        case "listed":
            return UserListed(
                str(value["id"]),
                UserState(value["state"]),
                int(value["threads"]),
                str(value["reason"]),
            )
        case "found":
            return ThreadFound(
                str(value["id"]),
                str(value["reader"]),
                str(value["last_message_on"]),
                str(value["deleted_on"]),
                str(value.get("deletion_due_on", "")),
            )
        case "done":
            return ThreadDone(
                id=str(value["id"]),
                state=ThreadState(value["state"]),
                revision=int(value["revision"]),
                on=str(value["on"]),
                seen=str(value["seen"]),
                reason=str(value["reason"]),
            )
    raise ValueError("a fact of an unknown kind")
