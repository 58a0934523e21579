"""Messages: each made of what log and listings tell of it, and of nothing else.

Rule 1: a message is the sequence of its versions by number, then kind; envelope times
        and arrival decide nothing.
Rule 2: listings are a sequence, oldest first. A listed version joins the version of
        the same number; fields that the event lacks come from the listing.
Rule 3: messages sort by (int(id), id), never by `createdOn`, which has whole seconds.
Rule 4: an erased version has no content and no salt, whoever tells it again; it keeps
        the commitment that it had.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

from shared.domain.log.commitment import commitment
from shared.domain.log.entries import Entry, unique, unplaced
from shared.domain.log.event import (
    CONTENT_FIELDS,
    ChatEvent,
    Kind,
    actor,
    parse_version,
    raw_id,
    text,
)
from shared.domain.log.record import Records
from shared.domain.thread.listing import Listing, View
from shared.domain.thread.reconcile import Told, is_told, reconcile
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


class Observer(Protocol):
    """Sees every event once, while messages go by."""

    def see(self, entry: Entry) -> None: ...


@dataclass(slots=True)
class Known:
    """What is known of a version while it is gathered."""

    on: str
    by: str
    content: Mapping[str, Any] | None
    salt: str
    sources: tuple[str, ...]
    extra: dict[str, Any]


@dataclass(slots=True)
class Draft:
    """A message while its versions are gathered."""

    id: str
    versions: dict[tuple[int, Kind], Known] = field(default_factory=dict)
    first_event: ChatEvent | None = None
    listed: Mapping[str, Any] = field(default_factory=dict)
    """The item with the highest version that any listing shows."""


Places = Mapping[str, int | tuple[int, ...]]
"""Where each message is told: mostly once, and then a tuple would only cost memory."""


def places_of(message_ids: Sequence[str]) -> Places:
    """Give, for each message, the places at which it is told."""
    places: dict[str, int | tuple[int, ...]] = {}
    for at, name in enumerate(message_ids):
        if name:
            places[name] = (*all_of(places, name), at) if name in places else at
    return places


def all_of(places: Places, message_id: str) -> tuple[int, ...]:
    """Give all places of one message."""
    found = places.get(message_id, ())
    return (found,) if isinstance(found, int) else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Tellings:
    """Everything that is told of a thread's messages, in its log and its listings.

    What is told of one message makes it; nothing else does. So no more is kept of a
    long thread, while its messages are made, than the places where each is told.
    """

    log: Records
    listings: Sequence[Listing]
    places: Places
    listed: Sequence[Places]
    view: View
    told: Told
    erased: Erased
    outcomes: Mapping[str, Outcome]

    def messages(self, observer: Observer) -> Iterator[Message]:
        """Make each message, in order, and let an observer see its events."""
        ids = dict.fromkeys(chain(self.places, *self.listed))
        for message_id in sorted(ids, key=message_order):
            entries = unique(
                self.log.records[at] for at in all_of(self.places, message_id)
            )
            for entry in entries:
                observer.see(entry)
            yield self.made(message_id, entries)

    def made(self, message_id: str, entries: Iterable[Entry]) -> Message:
        draft = Draft(message_id)
        for entry in entries:
            add_event(draft, entry)
        for listing, listed in zip(self.listings, self.listed, strict=True):
            for at in all_of(listed, message_id):
                add_item(draft, *listing.messages[at])
        return finish(
            draft,
            in_newest=bool(self.listed) and message_id in self.listed[-1],
            view=self.view,
            told=self.told,
            erased=self.erased,
            outcome=self.outcomes.get(message_id),
        )


def add_event(draft: Draft, entry: Entry) -> None:
    event = entry.event
    key = (event.version, event.kind)
    draft.versions[key] = Known(
        on=normalise_time(event.data.get(TIME_FIELD[event.kind])) or "",
        by=event_author(event),
        content=event_content(event),
        salt=entry.salt,
        sources=BY_EVENT,
        extra=unplaced(event.data, EVENT_FIELDS),
    )
    before = draft.first_event
    if before is None or order(key) < order((before.version, before.kind)):
        draft.first_event = event


def event_author(event: ChatEvent) -> str:
    """Say who made a version. An event names the sender only, never who edited it."""
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


def add_item(draft: Draft, item: Mapping[str, Any], salt: str) -> None:
    """Let a listed message join its draft."""
    number = parse_version(item.get("version")) or 0
    if number >= (parse_version(draft.listed.get("version")) or 0):
        draft.listed = item
    content = item_content(item)
    extra = unplaced(item, ITEM_FIELDS)
    known = [key for key in draft.versions if key[0] == number]
    if not known:
        kind = item_kind(item)
        draft.versions[number, kind] = Known(
            on=normalise_time(
                item.get("deletedOn") or item.get("editedOn") or item.get("createdOn")
            )
            or "",
            by=item_author(item, kind),
            content=content,
            salt=salt,
            sources=BY_LISTING,
            extra=extra,
        )
        return
    version = draft.versions[max(known, key=order)]
    version.content = merge(version.content, content)
    version.extra = extra | version.extra
    if version.sources == BY_EVENT:
        version.sources = BY_BOTH


def item_author(item: Mapping[str, Any], kind: Kind) -> str:
    """Say who made a listed version: of a system message, whoever set it off."""
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


def merge(
    known: Mapping[str, Any] | None, listed: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """Add what only the listing tells; what is known already stays as it is."""
    if known is None or listed is None:
        return known or listed
    return {**listed, **{k: v for k, v in known.items() if v is not None}}


def item_content(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give a listed message's content; None for a deletion, which has an empty one."""
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


def finish(
    draft: Draft,
    *,
    in_newest: bool,
    view: View,
    told: Told,
    erased: Erased,
    outcome: Outcome | None,
) -> Message:
    event, listed = draft.first_event, draft.listed
    data: Mapping[str, Any] = event.data if event else {}
    versions = tuple(
        seal(draft.id, key, draft.versions[key], erased)
        for key in sorted(draft.versions, key=order)
    )
    created_on = (
        normalise_time(data.get("composeTime"))
        or normalise_time(listed.get("createdOn"))
        or ""
    )
    senders = [
        one.get("senderCommunicationIdentifier")
        for one in (data, listed)
        if raw_id(one.get("senderCommunicationIdentifier"))
    ]
    sender = dict(senders[0] or {}) if senders else {}
    return Message(
        id=draft.id,
        type=message_type(text(data.get("type")) or text(listed.get("type"))),
        sender_id=raw_id(sender),
        sender_name=text(data.get("senderDisplayName"))
        or text(listed.get("senderDisplayName")),
        sender=sender,
        sequence_id=text(listed.get("sequenceId")),
        created_on=created_on,
        edited_on=last_time(versions, Kind.EDITED),
        deleted_on=last_time(versions, Kind.DELETED),
        versions=versions,
        outcome=outcome
        or reconcile(
            versions,
            created_on=created_on,
            in_newest=in_newest,
            view=view,
            told=is_told(listed, told),
        ),
    )


def seal(
    message_id: str, key: tuple[int, Kind], known: Known, erased: Erased
) -> Version:
    """Commit to a version's content; an erased one keeps the commitment it had."""
    kept = erased.get((message_id, *key)) if erased else None
    return Version(
        number=key[0],
        kind=key[1],
        on=known.on,
        by=known.by,
        content=known.content if kept is None else None,
        salt=known.salt if kept is None else "",
        commitment=kept or commitment(known.content, known.salt),
        sources=known.sources,
        erased=kept is not None,
        extra=known.extra if kept is None else {},
    )


def order(key: tuple[int, Kind]) -> tuple[int, int]:
    return key[0], KIND_ORDER[key[1]]


def message_order(message_id: str) -> tuple[int, str]:
    """Sort ids as numbers; what is none comes last."""
    number = parse_version(message_id)
    return (1 << 200 if number is None else number), message_id


def message_type(name: str) -> str:
    """Give a type's name as listings have it: events say `Text` for `text`."""
    lowered = name.lower()
    if lowered in ("text", "html"):
        return lowered
    return "html" if lowered == "richtext/html" else name


def last_time(versions: Sequence[Version], kind: Kind) -> str:
    return next((one.on for one in reversed(versions) if one.kind is kind), "")
