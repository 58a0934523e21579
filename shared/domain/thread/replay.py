"""Replay: from log and listings to one transcript, order-free and idempotent (P3).

What concerns the thread as a whole is read here; `messages` builds each message.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.domain.identity import raw_id
from shared.domain.log.event import (
    ChatEvent,
    Kind,
    actor,
    other_fields,
    time_of,
)
from shared.domain.log.logged import (
    Logged,
    LoggedEvent,
    came_late,
    thread_events,
)
from shared.domain.thread.compressed_messages import CompressedMessages
from shared.domain.thread.listing import Listing, ListingOutcome
from shared.domain.thread.message import UNKNOWN, Message
from shared.domain.thread.messages import MessageReplay
from shared.domain.thread.participants import participants
from shared.domain.thread.passes import Passes
from shared.domain.thread.properties import (
    THREAD_FIELDS,
    current_metadata,
    current_topic,
    retention_policy,
    topic_changes,
)
from shared.domain.thread.receipts import read_receipts
from shared.domain.thread.reconcile import thread_changes
from shared.domain.thread.transcript import (
    Gap,
    GapKind,
    RecordCounts,
    Tally,
    Transcript,
)
from shared.domain.times import (
    as_moment,
    format_time,
    from_milliseconds,
    normalise_time,
    parse_time,
)
from shared.domain.words import plural

PROPERTY_FIELDS = frozenset(
    (
        "id",
        "topic",
        "createdOn",
        "createdByCommunicationIdentifier",
        "deletedOn",
    )
)
"""The fields of a thread's properties that have a place of their own in the transcript;
all others are stored as extra."""


def replay(
    thread_id: str,
    log: Logged,
    listings: Sequence[Listing],
    *,
    quarantined: int = 0,
) -> Transcript:
    """Return the transcript of one thread, built from all that is known of it.

    `quarantined` counts the unreadable input that names this thread.
    """
    logged_events = thread_events(log)
    events = [logged.event for logged in logged_events]
    passes = Passes.of(listings)
    statistics = Statistics(listings)
    replayed = MessageReplay(
        log=log,
        listings=listings,
        passes=passes,
        changes=thread_changes(events),
    ).messages(statistics.add)
    # The messages of a long thread would not fit into memory: they are held compressed.
    is_long = log.is_long or any(listing.is_long for listing in listings)
    messages: Sequence[Message] = (
        CompressedMessages(replayed) if is_long else tuple(replayed)
    )

    properties = next(
        (listing.properties for listing in listings[::-1] if listing.properties), {}
    )
    topics = topic_changes(events)
    created = first(events, Kind.THREAD_CREATED)
    deleted = first(events, Kind.THREAD_DELETED)
    created_on = (
        time_of(created, "createTime")
        or normalise_time(properties.get("createdOn"))
        or created_on_by_others(events)
    )
    for logged in logged_events:
        statistics.add(logged)
    records = RecordCounts(
        total=len(log.records),
        duplicates=len(log.records) - statistics.events,
        unreadable=log.unreadable + passes.newest.torn,
        late=statistics.late,
        quarantined=quarantined,
    )
    return Transcript(
        thread_id=thread_id,
        topic=current_topic(properties, topics),
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
        participants=participants(logged_events, listings),
        messages=messages,
        tally=Tally.of(messages),
        listing=passes.newest,
        records=records,
        gaps=tuple(
            find_gaps(statistics, created_on, passes.limit, records, created=created)
        ),
        metadata=current_metadata(listings, topics),
        retention_policy=retention_policy(listings),
        receipts=read_receipts(listings),
        extra=thread_extra(events, properties),
    )


@dataclass(slots=True)
class Statistics:
    """Facts about all events, gathered while each is read once."""

    listings: Sequence[Listing]
    events: int = 0
    late: int = 0
    first_version: int = 0
    listed_on: list[datetime] = field(init=False)

    def __post_init__(self) -> None:
        times = [parse_time(listing.received_on) for listing in self.listings]
        self.listed_on = [moment for moment in times if moment]

    @property
    def odd_items(self) -> int:
        """Listed items that could not be read, in the listing that has most of them."""
        return max((listing.unreadable for listing in self.listings), default=0)

    def add(self, logged: LoggedEvent) -> None:
        self.events += 1
        self.late += came_late(logged, self.listed_on)
        version = logged.event.version
        if version and (not self.first_version or version < self.first_version):
            self.first_version = version


def find_gaps(
    statistics: Statistics,
    created_on: str,
    limit: ListingOutcome | None,
    records: RecordCounts,
    *,
    created: ChatEvent | None,
) -> Iterator[Gap]:
    """Yield everything that may be missing, and why (P8).

    `limit` is the outcome of a listing that does not show the whole thread.
    """
    if created is None:
        first_version = statistics.first_version
        earliest = from_milliseconds(first_version) if first_version else None
        yield Gap(
            kind=GapKind.LOG,
            since=created_on,
            until=format_time(earliest) if earliest else "",
            reason="no event reports the creation of the thread: edits and deletions "
            "before the first event are not known"
            if statistics.events
            else "no event of this thread was ever received",
        )
    if limit:
        yield Gap(
            kind=GapKind.LISTING, since="", until=limit.since, reason=limit.reason
        )
    for count, noun, what in (
        (records.unreadable, "record", "of the log could not be read"),
        (records.quarantined, "event", "of this thread went to quarantine"),
        (statistics.odd_items, "listed item", "could not be read"),
    ):
        if count:
            reason = f"{plural(count, noun)} {what}"
            yield Gap(kind=GapKind.RECORDS, since="", until="", reason=reason)


def thread_extra(
    events: Iterable[ChatEvent], properties: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what has no place of its own: thread fields and events of unknown type."""
    extra: dict[str, Any] = {}
    placed = {
        name
        for name in ("metadata", "retentionPolicy")
        if isinstance(properties.get(name), dict)
    }
    if unknown := other_fields(properties, PROPERTY_FIELDS | placed):
        extra["properties"] = unknown
    if others := [event.data for event in events if event.kind is Kind.OTHER]:
        extra["events"] = others
    deletions = [
        other_fields(event.data, THREAD_FIELDS)
        for event in events
        if event.kind is Kind.THREAD_DELETED
    ]
    if deletion := next(filter(None, deletions), None):
        extra["deletion"] = deletion
    return extra


def first(events: Iterable[ChatEvent], kind: Kind) -> ChatEvent | None:
    return next((event for event in events if event.kind is kind), None)


def created_on_by_others(events: Iterable[ChatEvent]) -> str:
    """Return the creation time, which all lifecycle events repeat; "" if none."""
    times = (time_of(event, "createTime") for event in events)
    return min(filter(None, times), key=as_moment, default="")
