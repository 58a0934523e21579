"""What the service answered when a thread was listed, and how far it can be trusted.

Rule 1: every answer is stored as received, an item of a list by itself.
Rule 2: a listing ends with its outcome: who read, and with what visibility.
Rule 3: a listing has the number of the revision that made it. An item that an earlier
        listing showed byte for byte is not stored again.
Rule 4: a *whole pass* reads all pages; a *snapshot* stops, newest change first, at the
        first page that holds nothing but what earlier listings showed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.domain import json_line
from shared.domain.log.event import parse_version

METADATA_SINCE = "2025-03-15"
"""The first version of the service's interface that tells metadata of threads and
participants, and retention policies."""


class PageKind(StrEnum):
    PROPERTIES = "properties"
    MESSAGES = "messages"
    PARTICIPANTS = "participants"
    RECEIPTS = "receipts"


class Visibility(StrEnum):
    """How much of the thread a listing shows."""

    FULL = "full"
    PARTIAL = "partial"
    SNAPSHOT = "snapshot"
    EVENTS_ONLY = "events_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of the service, as received."""

    kind: PageKind
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A reader who could not read, with the service's HTTP status; 0 for none."""

    reader: str
    status: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingOutcome:
    """How much of the thread could be read, by whom, and if not all, why.

    `since` is the reader's share-history time if that hides the thread's beginning.
    A snapshot has a reason only where even a whole pass of its reader were partial.
    `torn` counts the lines of the log that could not be read by then. `api_version` is
    the version of the service's interface that answered; `refused_version` the one that
    was asked first, where the service does not speak it. `no_receipts` says why there
    are no read receipts.
    """

    visibility: Visibility
    reader: str = ""
    since: str = ""
    reason: str = ""
    refused: tuple[Refusal, ...] = ()
    torn: int = 0
    api_version: str = ""
    refused_version: str = ""
    no_receipts: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether all was read that the reader may see."""
        return self.visibility in (Visibility.FULL, Visibility.PARTIAL)

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as it is stored; its visibility is a fact of its line."""
        return {
            "reader": self.reader,
            "since": self.since,
            "reason": self.reason,
            "refused": [
                {"reader": who.reader, "status": who.status, "reason": who.reason}
                for who in self.refused
            ],
            "torn": self.torn,
            "api_version": self.api_version,
            "refused_version": self.refused_version,
            "no_receipts": self.no_receipts,
        }

    @classmethod
    def from_json(
        cls, visibility: Visibility, value: Mapping[str, Any]
    ) -> "ListingOutcome":
        """Return the outcome that `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is not one.

        """
        return cls(
            visibility=visibility,
            reader=str(value["reader"]),
            since=str(value["since"]),
            reason=str(value["reason"]),
            refused=tuple(Refusal(**who) for who in value["refused"]),
            torn=int(value["torn"]),
            api_version=str(value["api_version"]),
            refused_version=str(value["refused_version"]),
            no_receipts=str(value["no_receipts"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMessage:
    """A listed message, with the line that holds it and that line's commitment.

    Of an erased one, `item` has what its facts say.
    """

    item: Mapping[str, Any]
    line: int = 0
    commitment: str = ""
    is_erased: bool = False


@dataclass(slots=True, kw_only=True)
class Listing:
    """One listing, read back, and its outcome."""

    number: int
    outcome: ListingOutcome
    received_on: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    messages: Sequence[ListedMessage] = ()
    """What it shows of messages that no earlier listing showed like this."""
    message_ids: Sequence[str] = ()
    """For each of `messages` its id; "" for an item without id or version."""
    shown: Collection[str] = ()
    """The ids of all messages that it shows."""
    participants: Sequence[Mapping[str, Any]] = ()
    receipts: Sequence[Mapping[str, Any]] = ()
    unreadable: int = 0
    """Items that are not what the service documents: kept as received, not read."""
    is_long: bool = False
    """Whether the messages are read again whenever they are needed."""

    @property
    def tells_metadata(self) -> bool:
        """Whether its version of the interface tells metadata, and policies."""
        return self.outcome.api_version >= METADATA_SINCE


def listed_id(item: Mapping[str, Any]) -> str:
    """Return the id of a listed message; "" for an item without id or version."""
    item_id = item.get("id")
    if isinstance(item_id, str) and parse_version(item.get("version")) is not None:
        return item_id
    return ""


def items(page: Page) -> list[Mapping[str, Any]]:
    """Return the items of a page; none if it is not a page of a list."""
    return list(json_line.dicts_in(answer(page).get("value")))


def answer(page: Page) -> Mapping[str, Any]:
    """Return the object that a page is; an empty one where it cannot be read."""
    try:
        value = json_line.parse(page.body)
    except ValueError:  # nested too deeply, or a number that no reader takes
        return {}
    return value if isinstance(value, dict) else {}
