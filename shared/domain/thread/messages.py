"""Messages: each made of what log and listings hold of it, and of nothing else.

The path of a message: records of the log and listed items → versions → message.

Rule 1: a message is the sequence of its versions by number, then kind; envelope times
        and arrival decide nothing.
Rule 2: listings are a sequence, oldest first. A listed item joins the version of the
        same number; fields that the event lacks come from the listing.
Rule 3: messages sort by (int(id), id), never by `createdOn`, which has whole seconds.
Rule 4: an erased version has no content and no salt, whoever brings it again; it keeps
        the commitment that it had.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from shared.domain.log.commitment import commitment
from shared.domain.log.event import (
    CONTENT_FIELDS,
    ChatEvent,
    Kind,
    actor,
    other_fields,
    parse_version,
    raw_id,
    text,
)
from shared.domain.log.record import LoggedEvent, Records, unique_events
from shared.domain.thread.listing import Listing, ListingOutcome
from shared.domain.thread.reconcile import ThreadChanges, is_confirmed, reconcile
from shared.domain.thread.transcript import UNKNOWN, Message, Outcome, Version
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
        *TIME_FIELD.values(),
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
        "editedOn",
        "deletedOn",
        "senderDisplayName",
        "senderCommunicationIdentifier",
    )
)
"""What of an event, or of a listed message, has a place of its own in the transcript;
anything else is kept as extra."""
BY_EVENT, BY_LISTING, BY_BOTH = ("event",), ("listing",), ("event", "listing")

VersionKey = tuple[str, int, str]
"""Message id, version number, kind."""
Erased = Mapping[VersionKey, str]
"""The versions that were erased, with the commitment that each had."""
Positions = Mapping[str, int | tuple[int, ...]]
"""Where each message stands in a sequence: mostly once, and then a tuple would only
cost memory."""


def positions_of(message_ids: Sequence[str]) -> Positions:
    """Return, for each message, its positions in a sequence of ids."""
    positions: dict[str, int | tuple[int, ...]] = {}
    for at, message_id in enumerate(message_ids):
        if message_id in positions:
            positions[message_id] = (*positions_in(positions, message_id), at)
        elif message_id:
            positions[message_id] = at
    return positions


def positions_in(positions: Positions, message_id: str) -> tuple[int, ...]:
    """Return all positions of one message."""
    found = positions.get(message_id, ())
    return (found,) if isinstance(found, int) else found


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReplay:
    """Makes the messages of a thread, one after the other.

    What log and listings hold of one message makes it; nothing else does. So no more is
    held of a long thread, while its messages are made, than where each of them stands.
    """

    log: Records
    listings: Sequence[Listing]
    newest: ListingOutcome
    changes: ThreadChanges
    erased: Erased
    outcomes: Mapping[str, Outcome]
    """Of messages that cannot be reconciled again, being erased."""

    def messages(self, on_event: Callable[[LoggedEvent], None]) -> Iterator[Message]:
        """Yield each message, in order; `on_event` is called with every event."""
        logged = positions_of(self.log.message_ids)
        listed = [positions_of(one.message_ids) for one in self.listings]
        ids = dict.fromkeys(chain(logged, *listed))
        for message_id in sorted(ids, key=message_order):
            builder = MessageBuilder(message_id)
            for event in unique_events(
                self.log.records[at] for at in positions_in(logged, message_id)
            ):
                on_event(event)
                builder.add_event(event)
            for listing, positions in zip(self.listings, listed, strict=True):
                for at in positions_in(positions, message_id):
                    builder.add_item(*listing.messages[at])
            in_newest = bool(listed) and message_id in listed[-1]
            yield self.finish(builder, in_newest=in_newest)

    def finish(self, builder: "MessageBuilder", *, in_newest: bool) -> Message:
        event, item = builder.first_event, builder.newest_item
        data: Mapping[str, Any] = event.data if event else {}
        versions = builder.versions_without(self.erased)
        created_on = (
            normalise_time(data.get("composeTime"))
            or normalise_time(item.get("createdOn"))
            or ""
        )
        sender = sender_of(data) or sender_of(item)
        return Message(
            id=builder.id,
            type=message_type(text(data.get("type")) or text(item.get("type"))),
            sender_id=raw_id(sender),
            sender_name=text(data.get("senderDisplayName"))
            or text(item.get("senderDisplayName")),
            sender=sender,
            sequence_id=text(item.get("sequenceId")),
            created_on=created_on,
            edited_on=last_time(versions, Kind.EDITED),
            deleted_on=last_time(versions, Kind.DELETED),
            versions=versions,
            outcome=self.outcomes.get(builder.id)
            or reconcile(
                versions,
                created_on=created_on,
                in_newest=in_newest,
                newest=self.newest,
                confirmed=is_confirmed(item, self.changes),
            ),
        )


@dataclass(slots=True)
class VersionBuilder:
    """A version while what is known of it is gathered."""

    on: str
    by: str
    content: Mapping[str, Any] | None
    salt: str
    sources: tuple[str, ...]
    extra: dict[str, Any]

    def add_item(self, item: Mapping[str, Any]) -> None:
        """Add what only the listing holds; what is known already stays as it is."""
        content = item_content(item)
        if self.content is None or content is None:
            self.content = self.content or content
        else:
            known = {k: v for k, v in self.content.items() if v is not None}
            self.content = {**content, **known}
        self.extra = other_fields(item, ITEM_FIELDS) | self.extra
        if self.sources == BY_EVENT:
            self.sources = BY_BOTH


@dataclass(slots=True)
class MessageBuilder:
    """A message while its versions are gathered."""

    id: str
    versions: dict[tuple[int, Kind], VersionBuilder] = field(default_factory=dict)
    first_event: ChatEvent | None = None
    newest_item: Mapping[str, Any] = field(default_factory=dict)
    """The item with the highest version that any listing shows."""

    def add_event(self, logged: LoggedEvent) -> None:
        """Add the version that an event brings."""
        event = logged.event
        key = (event.version, event.kind)
        self.versions[key] = VersionBuilder(
            on=normalise_time(event.data.get(TIME_FIELD[event.kind])) or "",
            by=event_author(event),
            content=event_content(event),
            salt=logged.salt,
            sources=BY_EVENT,
            extra=other_fields(event.data, EVENT_FIELDS),
        )
        first = self.first_event
        if first is None or order(key) < order((first.version, first.kind)):
            self.first_event = event

    def add_item(self, item: Mapping[str, Any], salt: str) -> None:
        """Let a listed item join the version of its number, or be one of its own."""
        number = parse_version(item.get("version")) or 0
        if number >= (parse_version(self.newest_item.get("version")) or 0):
            self.newest_item = item
        same_number = [key for key in self.versions if key[0] == number]
        if same_number:
            self.versions[max(same_number, key=order)].add_item(item)
            return
        kind = item_kind(item)
        self.versions[number, kind] = VersionBuilder(
            on=normalise_time(
                item.get("deletedOn") or item.get("editedOn") or item.get("createdOn")
            )
            or "",
            by=item_author(item, kind),
            content=item_content(item),
            salt=salt,
            sources=BY_LISTING,
            extra=other_fields(item, ITEM_FIELDS),
        )

    def versions_without(self, erased: Erased) -> tuple[Version, ...]:
        """Return the versions, oldest first, each with a commitment to its content.

        An erased one keeps the commitment that it had.
        """
        return tuple(
            self.version(key, erased.get((self.id, *key)) if erased else None)
            for key in sorted(self.versions, key=order)
        )

    def version(self, key: tuple[int, Kind], erased: str | None) -> Version:
        built = self.versions[key]
        return Version(
            number=key[0],
            kind=key[1],
            on=built.on,
            by=built.by,
            content=built.content if erased is None else None,
            salt=built.salt if erased is None else "",
            commitment=erased or commitment(built.content, built.salt),
            sources=built.sources,
            erased=erased is not None,
            extra=built.extra if erased is None else {},
        )


def event_author(event: ChatEvent) -> str:
    """Return who made a version; an edit's sender is not who edited."""
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
    """Return who made a listed version: of a system message, whoever set it off."""
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
    """Return a listed item's content; None for a deletion, which has an empty one."""
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


def sender_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sender's identifier as received; empty where it has no raw id."""
    sender = data.get("senderCommunicationIdentifier")
    return dict(sender) if isinstance(sender, dict) and raw_id(sender) else {}


def order(key: tuple[int, Kind]) -> tuple[int, int]:
    return key[0], KIND_ORDER[key[1]]


def message_order(message_id: str) -> tuple[int, str]:
    """Sort ids as numbers; what is no number comes last."""
    number = parse_version(message_id)
    return (1 << 200 if number is None else number), message_id


def message_type(name: str) -> str:
    """Return a type's name as listings have it: events say `Text` for `text`."""
    lowered = name.lower()
    if lowered in ("text", "html"):
        return lowered
    return "html" if lowered == "richtext/html" else name


def last_time(versions: Sequence[Version], kind: Kind) -> str:
    return next(
        (version.on for version in reversed(versions) if version.kind is kind), ""
    )
