"""Replay: log and listings to one transcript, order-free and idempotent (P3).

Rule 1: events are a set. They are grouped by identity, and of several copies the same
        one is chosen whatever order they came in: thread-level before user-level, then
        the least canonical text. The lowest salt of all copies is the version's.
Rule 2: a message is the sequence of its versions by number, then kind; envelope times
        and arrival decide nothing.
Rule 3: listings are a sequence, oldest first. A listed version joins the version of
        the same number; fields that the event lacks come from the listing.
Rule 4: messages sort by (int(id), id), never by `createdOn`, which has whole seconds.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.domain.event import (
    MESSAGE_KINDS,
    ChatEvent,
    Identity,
    Kind,
    parse_version,
    raw_id,
)
from shared.domain.evidence import listing_salt
from shared.domain.json_line import canonical
from shared.domain.listing import Listing, Sight, View
from shared.domain.reconcile import reconcile
from shared.domain.record import Record, Records
from shared.domain.roster import Entry, roster
from shared.domain.times import normalise_time
from shared.domain.transcript import (
    Change,
    Message,
    RecordCounts,
    Transcript,
    Version,
)

KIND_ORDER = {Kind.RECEIVED: 0, Kind.EDITED: 1, Kind.DELETED: 2}
TIME_FIELD = {
    Kind.RECEIVED: "composeTime",
    Kind.EDITED: "editTime",
    Kind.DELETED: "deleteTime",
}
NOT_LISTED = View(sight=Sight.EVENTS_ONLY, reason="the service was never listed")


@dataclass(slots=True)
class Draft:
    """A message while its versions are gathered."""

    id: str
    versions: dict[tuple[int, Kind], Version] = field(default_factory=dict)
    first_event: ChatEvent | None = None
    listed: Mapping[str, Any] = field(default_factory=dict)
    """The item with the highest version that any listing shows."""


def replay(thread_id: str, log: Records, listings: Sequence[Listing]) -> Transcript:
    """Make the transcript of one thread from all that is known of it."""
    entries = unique(log.records)
    events = [entry.event for entry in entries]
    drafts: dict[str, Draft] = {}
    for entry in entries:
        if entry.event.kind in MESSAGE_KINDS:
            add_event(drafts, entry)
    for listing in listings:
        for item, salt in listing.messages:
            add_item(drafts, item, salt)

    newest = next(reversed(listings), None)
    view = newest.view if newest else NOT_LISTED
    in_newest = {str(item.get("id")) for item, _ in newest.messages} if newest else ()
    messages = [
        finish(draft, in_newest=draft.id in in_newest, view=view)
        for draft in drafts.values()
    ]
    properties = next((one.properties for one in listings[::-1] if one.properties), {})
    topics = topic_changes(events)
    created = first(events, Kind.THREAD_CREATED)
    deleted = first(events, Kind.THREAD_DELETED)
    return Transcript(
        thread_id=thread_id,
        topic=text(properties.get("topic")) or (topics[-1].topic if topics else ""),
        created_on=(
            time_of(created, "createTime")
            or normalise_time(properties.get("createdOn"))
            or created_on_by_others(events)
        ),
        created_by=(
            actor(created) or raw_id(properties.get("createdByCommunicationIdentifier"))
        ),
        deleted_on=(
            time_of(deleted, "deleteTime")
            or normalise_time(properties.get("deletedOn"))
            or ""
        ),
        deleted_by=actor(deleted),
        topics=topics,
        participants=roster(entries, listings),
        messages=tuple(sorted(messages, key=lambda one: message_order(one.id))),
        view=view,
        records=RecordCounts(
            total=len(log.records),
            duplicates=len(log.records) - len(entries),
            unreadable=log.unreadable,
        ),
    )


def unique(records: Iterable[Record]) -> list[Entry]:
    """Give each event once, sorted by identity, with the lowest salt of its copies."""
    copies: dict[Identity, list[Record]] = defaultdict(list)
    for record in records:
        copies[record.event.identity].append(record)
    return [
        Entry(event=choose(group), salt=min(record.salt for record in group))
        for _, group in sorted(copies.items())
    ]


def choose(group: Sequence[Record]) -> ChatEvent:
    if len(group) == 1:
        return group[0].event
    return min(
        (record.event for record in group),
        key=lambda event: (event.per_user, canonical(event.data), event.envelope_id),
    )


def add_event(drafts: dict[str, Draft], entry: Entry) -> None:
    event = entry.event
    draft = drafts.setdefault(event.message_id, Draft(event.message_id))
    key = (event.version, event.kind)
    draft.versions[key] = Version(
        number=event.version,
        kind=event.kind,
        on=normalise_time(event.data.get(TIME_FIELD[event.kind])) or "",
        content=event_content(event),
        salt=entry.salt,
        sources=("event",),
    )
    before = draft.first_event
    if before is None or order(key) < order((before.version, before.kind)):
        draft.first_event = event


def event_content(event: ChatEvent) -> dict[str, Any] | None:
    if event.kind is Kind.DELETED:
        return None
    content = {"message": event.data.get("messageBody")}
    if event.data.get("metadata"):
        content["metadata"] = event.data["metadata"]
    return content


def add_item(drafts: dict[str, Draft], item: Mapping[str, Any], page_salt: str) -> None:
    """Let a listed message join its draft. An item without an id or version is none."""
    message_id, number = text(item.get("id")), parse_version(item.get("version"))
    if not message_id or number is None:
        return
    draft = drafts.setdefault(message_id, Draft(message_id))
    if number >= (parse_version(draft.listed.get("version")) or 0):
        draft.listed = item
    content = item_content(item)
    known = [key for key in draft.versions if key[0] == number]
    if not known:
        kind = item_kind(item)
        draft.versions[number, kind] = Version(
            number=number,
            kind=kind,
            on=normalise_time(
                item.get("deletedOn") or item.get("editedOn") or item.get("createdOn")
            )
            or "",
            content=content,
            salt=listing_salt(page_salt, message_id),
            sources=("listing",),
        )
        return
    key = max(known, key=order)
    version = draft.versions[key]
    draft.versions[key] = Version(
        number=version.number,
        kind=version.kind,
        on=version.on,
        content=merge(version.content, content),
        salt=version.salt,
        sources=tuple(sorted({*version.sources, "listing"})),
    )


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


def finish(draft: Draft, *, in_newest: bool, view: View) -> Message:
    event, listed = draft.first_event, draft.listed
    data: Mapping[str, Any] = event.data if event else {}
    versions = tuple(draft.versions[key] for key in sorted(draft.versions, key=order))
    created_on = (
        normalise_time(data.get("composeTime"))
        or normalise_time(listed.get("createdOn"))
        or ""
    )
    return Message(
        id=draft.id,
        type=message_type(text(data.get("type")) or text(listed.get("type"))),
        sender_id=raw_id(data.get("senderCommunicationIdentifier"))
        or raw_id(listed.get("senderCommunicationIdentifier")),
        sender_name=text(data.get("senderDisplayName"))
        or text(listed.get("senderDisplayName")),
        sequence_id=text(listed.get("sequenceId")),
        created_on=created_on,
        edited_on=last_time(versions, Kind.EDITED),
        deleted_on=last_time(versions, Kind.DELETED),
        versions=versions,
        outcome=reconcile(
            versions, created_on=created_on, in_newest=in_newest, view=view
        ),
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


def first(events: Iterable[ChatEvent], kind: Kind) -> ChatEvent | None:
    return next((event for event in events if event.kind is kind), None)


def topic_changes(events: Iterable[ChatEvent]) -> tuple[Change, ...]:
    """Give the topics that events tell, in the order in which they were set."""
    return tuple(
        Change(
            kind=event.kind,
            on=time_of(event, "editTime") or time_of(event, "createTime"),
            by=actor(event),
            topic=topic_of(event),
        )
        for event in sorted(events, key=lambda one: one.version)
        if event.kind in (Kind.THREAD_CREATED, Kind.THREAD_UPDATED) and topic_of(event)
    )


def topic_of(event: ChatEvent) -> str:
    properties = event.data.get("properties")
    return text(properties.get("topic")) if isinstance(properties, dict) else ""


def created_on_by_others(events: Iterable[ChatEvent]) -> str:
    """Every lifecycle event repeats when its thread was created."""
    times = (time_of(event, "createTime") for event in events)
    return min(filter(None, times), default="")


def actor(event: ChatEvent | None) -> str:
    """Give the rawId of who created, changed or deleted the thread."""
    if event is None:
        return ""
    names = ("createdBy", "editedBy", "deletedBy")
    found = (raw_id(event.data.get(f"{n}CommunicationIdentifier")) for n in names)
    return next(filter(None, found), "")


def time_of(event: ChatEvent | None, name: str) -> str:
    return (normalise_time(event.data.get(name)) or "") if event else ""


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""
