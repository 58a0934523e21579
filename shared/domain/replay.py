"""Replay: log and listings to one transcript, order-free and idempotent (P3).

Rule 1: events are a set. They are grouped by identity, and of several copies the same
        one is chosen whatever order they came in: thread-level before user-level, then
        the least canonical text, what can be erased compared last. The lowest salt of
        all copies is the version's.
Rule 2: a message is the sequence of its versions by number, then kind; envelope times
        and arrival decide nothing.
Rule 3: listings are a sequence, oldest first. A listed version joins the version of
        the same number; fields that the event lacks come from the listing.
Rule 4: messages sort by (int(id), id), never by `createdOn`, which has whole seconds.
Rule 5: an erased version has no content and no salt, whoever tells it again; it keeps
        the commitment that it had.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, overload

from shared.domain.event import (
    CONTENT_FIELDS,
    ChatEvent,
    Identity,
    Kind,
    parse_version,
    raw_id,
)
from shared.domain.evidence import commitment
from shared.domain.json_line import canonical
from shared.domain.listing import Listing, Sight, StoredItems, View
from shared.domain.reconcile import Told, is_told, reconcile, told_by
from shared.domain.record import Record, Records, StoredRecords
from shared.domain.roster import Entry, roster, unplaced
from shared.domain.times import (
    format_time,
    from_milliseconds,
    normalise_time,
    parse_time,
)
from shared.domain.transcript import (
    UNKNOWN,
    Change,
    Gap,
    GapKind,
    Message,
    Outcome,
    RecordCounts,
    Tally,
    Transcript,
    Version,
)

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
THREAD_FIELDS = frozenset(
    (
        "threadId",
        "version",
        "createTime",
        "editTime",
        "deleteTime",
        "properties",
        "participants",
        "createdByCommunicationIdentifier",
        "editedByCommunicationIdentifier",
        "deletedByCommunicationIdentifier",
    )
)
PROPERTY_FIELDS = frozenset(
    (
        "id",
        "topic",
        "createdOn",
        "createdByCommunicationIdentifier",
        "deletedOn",
    )
)
"""What of an event, a listed message, a thread event or a thread's properties has a
place of its own in the transcript; anything else is kept as extra."""
BY_EVENT, BY_LISTING, BY_BOTH = ("event",), ("listing",), ("event", "listing")
NOT_LISTED = View(sight=Sight.EVENTS_ONLY, reason="the service was never listed")

VersionKey = tuple[str, int, str]
"""Message id, version number, kind."""
Erased = Mapping[VersionKey, str]
"""The versions that were erased, with the commitment that each had."""


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


def replay(
    thread_id: str,
    log: Records,
    listings: Sequence[Listing],
    *,
    quarantined: int = 0,
    erased: Erased | None = None,
    outcomes: Mapping[str, Outcome] | None = None,
) -> Transcript:
    """Make the transcript of one thread from all that is known of it.

    `outcomes` are those of messages that cannot be reconciled again, being erased.
    """
    message_ids = log.message_ids
    entries = unique(log.records[at] for at, name in enumerate(message_ids) if not name)
    events = [entry.event for entry in entries]
    newest = next(reversed(listings), None)
    view = newest.view if newest else NOT_LISTED
    replayed = Messages(
        log=log,
        listings=listings,
        places=places_of(message_ids),
        listed=[places_of(one.message_ids) for one in listings],
        view=view,
        told=told_by(events),
        erased=erased or {},
        outcomes=outcomes or {},
    )
    survey = Survey(listings)
    is_kept = not isinstance(log.records, StoredRecords) and not any(
        isinstance(one.messages, StoredItems) for one in listings
    )
    kept: Sequence[Message] = tuple(replayed.surveyed(survey)) if is_kept else replayed
    tally = Tally.of(kept if is_kept else replayed.surveyed(survey))

    properties = next((one.properties for one in listings[::-1] if one.properties), {})
    topics = topic_changes(events)
    created = first(events, Kind.THREAD_CREATED)
    deleted = first(events, Kind.THREAD_DELETED)
    created_on = (
        time_of(created, "createTime")
        or normalise_time(properties.get("createdOn"))
        or created_on_by_others(events)
    )
    for entry in entries:
        survey.see(entry)
    records = RecordCounts(
        total=len(log.records),
        duplicates=len(log.records) - survey.events,
        unreadable=log.unreadable,
        late=survey.late,
        quarantined=quarantined,
    )
    return Transcript(
        thread_id=thread_id,
        topic=text(properties.get("topic")) or (topics[-1].topic if topics else ""),
        created_on=created_on,
        created_by=(
            actor(created) or raw_id(properties.get("createdByCommunicationIdentifier"))
        ),
        deleted_on=(
            time_of(deleted, "deleteTime")
            or normalise_time(properties.get("deletedOn"))
            or ""
        ),
        deleted_by=actor(deleted) or (UNKNOWN if deleted else ""),
        topics=topics,
        participants=roster(entries, listings),
        messages=kept,
        tally=tally,
        view=view,
        records=records,
        gaps=tuple(find_gaps(survey, created_on, view, records, created=created)),
        extra=thread_extra(events, properties),
    )


def places_of(message_ids: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Give, for each message, the places at which it is told."""
    places: dict[str, tuple[int, ...]] = {}
    for at, name in enumerate(message_ids):
        if name:
            places[name] = (*places.get(name, ()), at)
    return places


@dataclass(slots=True)
class Survey:
    """What there is to know of all events at once, gathered while they go by."""

    listings: Sequence[Listing]
    events: int = 0
    late: int = 0
    first_version: int = 0
    taken: list[datetime] = field(init=False)

    def __post_init__(self) -> None:
        times = [parse_time(one.received_on) for one in self.listings]
        self.taken = [one for one in times if one]

    def see(self, entry: Entry) -> None:
        self.events += 1
        self.late += came_late(entry, self.taken)
        version = entry.event.version
        if version and (not self.first_version or version < self.first_version):
            self.first_version = version


@dataclass(kw_only=True)
class Messages(Sequence[Message]):
    """All messages of a thread, sorted, each made when it is asked for.

    What is told of one message, in the log and in the listings, makes it; nothing
    else does. So a long thread needs no more memory than the places where it is told.
    """

    log: Records
    listings: Sequence[Listing]
    places: Mapping[str, tuple[int, ...]]
    listed: Sequence[Mapping[str, tuple[int, ...]]]
    view: View
    told: Told
    erased: Erased
    outcomes: Mapping[str, Outcome]
    ids: list[str] = field(init=False)

    def __post_init__(self) -> None:
        known = set(self.places).union(*self.listed)
        self.ids = sorted(known, key=message_order)

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Message: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Message]: ...

    def __getitem__(self, index: int | slice) -> Message | Sequence[Message]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        return self.made(self.ids[index], self.entries(self.ids[index]))

    def surveyed(self, survey: Survey) -> Iterator[Message]:
        """Give each message, and let the survey see its events."""
        for message_id in self.ids:
            entries = self.entries(message_id)
            for entry in entries:
                survey.see(entry)
            yield self.made(message_id, entries)

    def entries(self, message_id: str) -> list[Entry]:
        places = self.places.get(message_id, ())
        return unique(self.log.records[at] for at in places)

    def made(self, message_id: str, entries: Iterable[Entry]) -> Message:
        draft = Draft(message_id)
        for entry in entries:
            add_event(draft, entry)
        for listing, listed in zip(self.listings, self.listed, strict=True):
            for at in listed.get(message_id, ()):
                add_item(draft, *listing.messages[at])
        return finish(
            draft,
            in_newest=bool(self.listed) and message_id in self.listed[-1],
            view=self.view,
            told=self.told,
            erased=self.erased,
            outcome=self.outcomes.get(message_id),
        )


def unique(records: Iterable[Record]) -> list[Entry]:
    """Give each event once, sorted by identity, with the lowest salt of its copies."""
    copies: dict[Identity, list[Record]] = defaultdict(list)
    for record in records:
        copies[record.event.identity].append(record)
    return [
        Entry(
            event=choose(group),
            salt=min(record.salt for record in group),
            received_on=min(record.received_on for record in group),
        )
        for _, group in sorted(copies.items())
    ]


def choose(group: Sequence[Record]) -> ChatEvent:
    if len(group) == 1:
        return group[0].event
    return min(
        (record.event for record in group),
        key=lambda event: (
            event.per_user,
            canonical(unplaced(event.data, CONTENT_FIELDS)),
            canonical(event.data),
            event.envelope_id,
        ),
    )


def came_late(entry: Entry, taken: Sequence[datetime]) -> bool:
    happened, came = happened_on(entry.event), parse_time(entry.received_on)
    if happened is None or came is None:
        return False
    return any(happened < time < came for time in taken)


def happened_on(event: ChatEvent) -> datetime | None:
    return from_milliseconds(event.version) if event.version else None


def find_gaps(
    survey: Survey,
    created_on: str,
    view: View,
    records: RecordCounts,
    *,
    created: ChatEvent | None,
) -> Iterator[Gap]:
    """Name everything that may be missing, and why (P8)."""
    if created is None:
        first_version = survey.first_version
        earliest = from_milliseconds(first_version) if first_version else None
        yield Gap(
            kind=GapKind.LOG,
            since=created_on,
            until=format_time(earliest) if earliest else "",
            reason="no event tells the creation of the thread: edits and deletions "
            "before the first event are not known"
            if survey.events
            else "no event of this thread was ever received",
        )
    if view.sight is not Sight.FULL:
        yield Gap(kind=GapKind.LISTING, since="", until=view.since, reason=view.reason)
    for count, what in (
        (records.unreadable, "record(s) of the log could not be read"),
        (records.quarantined, "event(s) of this thread went to quarantine"),
    ):
        if count:
            yield Gap(
                kind=GapKind.RECORDS, since="", until="", reason=f"{count} {what}"
            )


def thread_extra(
    events: Iterable[ChatEvent], properties: Mapping[str, Any]
) -> dict[str, Any]:
    """Give what has no place of its own: of the thread, and events of unknown type."""
    extra: dict[str, Any] = {}
    if unknown := unplaced(properties, PROPERTY_FIELDS):
        extra["properties"] = unknown
    if others := [one.data for one in events if one.kind is Kind.OTHER]:
        extra["events"] = others
    deletions = [
        unplaced(one.data, THREAD_FIELDS)
        for one in events
        if one.kind is Kind.THREAD_DELETED
    ]
    if found := next(filter(None, deletions), None):
        extra["deletion"] = found
    return extra


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


def first(events: Iterable[ChatEvent], kind: Kind) -> ChatEvent | None:
    return next((event for event in events if event.kind is kind), None)


def topic_changes(events: Iterable[ChatEvent]) -> tuple[Change, ...]:
    """Give the topics that events tell, in the order in which they were set."""
    return tuple(
        Change(
            kind=event.kind,
            on=time_of(event, "editTime") or time_of(event, "createTime"),
            by=actor(event) or UNKNOWN,
            topic=topic_of(event),
            extra=change_extra(event),
        )
        for event in sorted(events, key=lambda one: one.version)
        if event.kind in (Kind.THREAD_CREATED, Kind.THREAD_UPDATED) and topic_of(event)
    )


def change_extra(event: ChatEvent) -> dict[str, Any]:
    """Give what has no place of its own, of a thread event and of its properties."""
    extra = unplaced(event.data, THREAD_FIELDS)
    properties = event.data.get("properties")
    if isinstance(properties, dict) and (others := unplaced(properties, ("topic",))):
        extra["properties"] = others
    return extra


def topic_of(event: ChatEvent) -> str:
    properties = event.data.get("properties")
    return text(properties.get("topic")) if isinstance(properties, dict) else ""


def created_on_by_others(events: Iterable[ChatEvent]) -> str:
    """Every lifecycle event repeats when its thread was created."""
    times = (time_of(event, "createTime") for event in events)
    return min(filter(None, times), default="")


def actor(event: ChatEvent | None) -> str:
    """Give the rawId of who created, changed or deleted it; "" where none is told."""
    if event is None:
        return ""
    names = ("createdBy", "editedBy", "deletedBy")
    found = (raw_id(event.data.get(f"{n}CommunicationIdentifier")) for n in names)
    return next(filter(None, found), "")


def time_of(event: ChatEvent | None, name: str) -> str:
    return (normalise_time(event.data.get(name)) or "") if event else ""


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""
