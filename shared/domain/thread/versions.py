"""Versions: each state of a message, gathered from its event and its listed items.

Rule 1: an event and a listed item of the same number are the same version. What the
        event says stays; fields that it lacks come from the listing, and what the
        listing tells otherwise is told beside it (`compared`).
Rule 2: the commitment of a version is that of the line that says most of it: the
        event's, else the listed item's. A version of which nothing but erased lines is
        left has no content.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain.identity import raw_id
from shared.domain.log.event import (
    CONTENT_FIELDS,
    ChatEvent,
    Kind,
    actor,
    other_fields,
    text,
)
from shared.domain.log.logged import LoggedEvent
from shared.domain.thread.compared import Claims, differences, message_type
from shared.domain.thread.listing import ListedMessage
from shared.domain.thread.message import UNKNOWN, Version
from shared.domain.times import normalise_time

KIND_ORDER = {Kind.RECEIVED: 0, Kind.EDITED: 1, Kind.DELETED: 2}
TIME_FIELD = {
    Kind.RECEIVED: "composeTime",
    Kind.EDITED: "editTime",
    Kind.DELETED: "deleteTime",
}
EVENT_FIELDS = frozenset(
    (
        *CONTENT_FIELDS,
        "composeTime",
        "threadId",
        "messageId",
        "version",
        "type",
        "senderCommunicationIdentifier",
    )
)
ITEM_FIELDS = frozenset(
    (
        "id",
        "type",
        "sequenceId",
        "version",
        "content",
        "metadata",
        "createdOn",
        "deletedOn",
        "senderDisplayName",
        "senderCommunicationIdentifier",
    )
)
"""The fields of an event, or of a listed message, that have a place of their own in the
transcript; so has the time of the change. All others are stored as extra."""
BY_EVENT, BY_LISTING, BY_BOTH = ("event",), ("listing",), ("event", "listing")


@dataclass(slots=True)
class VersionBuilder:
    """A version while what is known of it is being gathered."""

    on: str
    by: str
    content: Mapping[str, Any] | None
    commitment: str
    lines: list[str]
    is_erased: bool
    sources: tuple[str, ...]
    extra: dict[str, Any]
    source: LoggedEvent | ListedMessage
    """What told of it first."""
    type: str = ""
    sender_name: str = ""
    sequence_id: str = ""
    listed: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_event(cls, logged: LoggedEvent) -> "VersionBuilder":
        """Return the version that an event reports."""
        event = logged.event
        return cls(
            on=normalise_time(event.data.get(TIME_FIELD[event.kind])) or "",
            by=event_author(event),
            content=None if logged.is_erased else event_content(event),
            commitment=logged.commitment,
            lines=[f"events:{line}" for line in logged.lines],
            is_erased=logged.is_erased,
            sources=BY_EVENT,
            extra={} if logged.is_erased else event_extra(event),
            type=message_type(text(event.data.get("type"))),
            sender_name=text(event.data.get("senderDisplayName")),
            source=logged,
        )

    @classmethod
    def from_item(cls, listed: ListedMessage, kind: Kind) -> "VersionBuilder":
        """Return the version that only a listing shows."""
        item = listed.item
        time = item.get("deletedOn") or item.get("editedOn") or item.get("createdOn")
        return cls(
            on=normalise_time(time) or "",
            by=item_author(item, kind),
            content=None if listed.is_erased else item_content(item),
            commitment=listed.commitment,
            lines=[f"listing:{listed.line}"],
            is_erased=listed.is_erased,
            sources=BY_LISTING,
            extra={} if listed.is_erased else item_extra(item),
            type=message_type(text(item.get("type"))),
            sender_name=text(item.get("senderDisplayName")),
            sequence_id=text(item.get("sequenceId")),
            source=listed,
        )

    def add_item(self, listed: ListedMessage) -> None:
        """Add what only the listing holds; what is known already does not change."""
        self.lines.append(f"listing:{listed.line}")
        if self.sources == BY_EVENT:
            self.sources = BY_BOTH
        differing = differences(Claims.by(self.source), Claims.by(listed))
        self.listed |= differing
        if listed.is_erased or (self.is_erased and "sender_id" in differing):
            return  # whose content is left is told beside it, not under another's name
        content = item_content(listed.item) if "deleted" not in differing else None
        if self.content is None or content is None:
            self.content = self.content or content
        else:
            known = {k: v for k, v in self.content.items() if v is not None}
            self.content = {**content, **known}
        self.extra = item_extra(listed.item) | self.extra
        self.type = self.type or message_type(text(listed.item.get("type")))
        self.sender_name = self.sender_name or text(
            listed.item.get("senderDisplayName")
        )
        self.sequence_id = self.sequence_id or text(listed.item.get("sequenceId"))
        if self.is_erased:
            self.commitment, self.is_erased = listed.commitment, False

    def build(self, number: int, kind: Kind, sequence_id: str, type_: str) -> Version:
        """Return the version; sequence id and type are those of its message now."""
        is_another = self.sequence_id not in ("", sequence_id)
        another = {"sequenceId": self.sequence_id} if is_another else {}
        return Version(
            number=number,
            kind=kind,
            on=self.on,
            by=self.by,
            content=self.content,
            commitment=self.commitment,
            lines=tuple(self.lines),
            sources=self.sources,
            type=self.type or type_,
            sender_name=self.sender_name,
            erased=self.is_erased,
            extra=self.extra | another,
            listed=self.listed,
        )


def event_extra(event: ChatEvent) -> dict[str, Any]:
    return other_fields(event.data, EVENT_FIELDS | {TIME_FIELD[event.kind]})


def item_extra(item: Mapping[str, Any]) -> dict[str, Any]:
    is_edit = item_kind(item) is Kind.EDITED  # a deletion may tell of an edit before
    return other_fields(item, ITEM_FIELDS | ({"editedOn"} if is_edit else set()))


def event_author(event: ChatEvent) -> str:
    """Return who made a version; the sender of an edit event is not who edited."""
    if event.kind is Kind.RECEIVED:
        return raw_id(event.data.get("senderCommunicationIdentifier")) or UNKNOWN
    return actor(event) or UNKNOWN


def event_content(event: ChatEvent) -> dict[str, Any] | None:
    if event.kind is Kind.DELETED:
        return None
    content = {"message": event.data.get("messageBody")}
    if event.data.get("metadata"):
        content["metadata"] = event.data["metadata"]
    return content


def item_author(item: Mapping[str, Any], kind: Kind) -> str:
    """Return who made a listed version; for a system message, who caused it."""
    if kind is not Kind.RECEIVED:
        return UNKNOWN
    content = item.get("content")
    initiator = (
        content.get("initiatorCommunicationIdentifier")
        if isinstance(content, dict)
        else None
    )
    sender = raw_id(item.get("senderCommunicationIdentifier"))
    return sender or raw_id(initiator) or UNKNOWN


def item_content(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a listed item's content; None for a deletion, whose content is empty."""
    content = item.get("content")
    content = dict(content) if isinstance(content, dict) else {}
    if item.get("deletedOn") and not any(content.values()):
        return None
    if item.get("metadata"):
        content["metadata"] = item["metadata"]
    return content


def item_kind(item: Mapping[str, Any]) -> Kind:
    if item.get("deletedOn"):
        return Kind.DELETED
    return Kind.EDITED if item.get("editedOn") else Kind.RECEIVED


def order(key: tuple[int, Kind]) -> tuple[int, int]:
    return key[0], KIND_ORDER[key[1]]
