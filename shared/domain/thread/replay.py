"""Replay: log and listings to one transcript, order-free and idempotent (P3).

What is told of the thread as a whole is read here; each message is made by `messages`,
of what `entries` found to be the same event.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.domain.log.entries import Entry, came_late, of_thread, unplaced
from shared.domain.log.event import ChatEvent, Kind, actor, raw_id, text, time_of
from shared.domain.log.record import Records, StoredRecords
from shared.domain.thread.compressed_messages import PackedMessages
from shared.domain.thread.listing import Listing, Sight, StoredItems, View
from shared.domain.thread.messages import Erased, Tellings, places_of
from shared.domain.thread.participants import roster
from shared.domain.thread.reconcile import told_by
from shared.domain.thread.transcript import (
    UNKNOWN,
    Change,
    Gap,
    GapKind,
    Message,
    Outcome,
    RecordCounts,
    Tally,
    Transcript,
)
from shared.domain.times import (
    format_time,
    from_milliseconds,
    normalise_time,
    parse_time,
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
"""What of a thread event, or of a thread's properties, has a place of its own in the
transcript; anything else is kept as extra."""
NOT_LISTED = View(sight=Sight.EVENTS_ONLY, reason="the service was never listed")


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
    entries = of_thread(log)
    events = [entry.event for entry in entries]
    newest = next(reversed(listings), None)
    view = newest.view if newest else NOT_LISTED
    tellings = Tellings(
        log=log,
        listings=listings,
        places=places_of(log.message_ids),
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
    made = tellings.messages(survey)
    messages: Sequence[Message] = tuple(made) if is_kept else PackedMessages(made)

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
        messages=messages,
        tally=Tally.of(messages),
        view=view,
        records=records,
        gaps=tuple(find_gaps(survey, created_on, view, records, created=created)),
        extra=thread_extra(events, properties),
    )


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
