"""Reconciliation: what log and listing together prove about one message (P8).

The rules are read top-down; the first that fits is the outcome.
1. Deleted, and no version's content is known: `deleted_without_content`.
2. Only the listing knows it, and it is a system message whose thread event is in the
   log: `matched`.
3. Only the listing knows it: `backfilled`.
4. The listing shows a version that no event told: `version_gap`.
5. The newest version of the log stands in a listing, or the newest listing shows
   nothing newer: `matched`.
6. The log tells the deletion and the newest, full listing lacks the message:
   `matched`, for that is what a deletion looks like.
7. The newest listing, able to show the message, lacks it: `missing_at_recheck`.
8. Else nobody could check: `unverifiable`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.domain.log.event import MESSAGE_KINDS, ChatEvent, Kind, raw_id
from shared.domain.thread.listing import ListingOutcome, Visibility
from shared.domain.thread.participants import participant_events
from shared.domain.thread.transcript import Outcome, Version
from shared.domain.times import parse_time

NEAR = timedelta(seconds=10)
"""How far a system message may stand from the event that tells the same: listings
have whole seconds, and the service stamps both on its own."""

SYSTEM_TYPES = {
    Kind.PARTICIPANT_ADDED: "participantAdded",
    Kind.PARTICIPANT_REMOVED: "participantRemoved",
}
TOPIC_TYPE = "topicUpdated"

ThreadChanges = Mapping[tuple[str, str], Sequence[datetime]]
"""What thread events say happened, by type of system message and by raw id or topic,
and when."""


def reconcile(
    versions: Sequence[Version],
    *,
    created_on: str,
    in_newest: bool,
    newest: ListingOutcome,
    confirmed: bool = False,
) -> Outcome:
    """Judge one message by its known versions, oldest first.

    `in_newest` says whether the newest listing shows the message, `newest` how much
    that listing can show, `confirmed` whether thread events say the same.
    """
    logged = {one.number for one in versions if "event" in one.sources}
    listed = {one.number for one in versions if "listing" in one.sources}
    deleted = versions[-1].kind is Kind.DELETED
    if deleted and not any(one.is_known for one in versions):
        return Outcome.DELETED_WITHOUT_CONTENT
    if not logged:
        return Outcome.MATCHED if confirmed else Outcome.BACKFILLED
    if listed and max(listed) not in logged:
        return Outcome.VERSION_GAP
    if max(logged) in listed or in_newest:
        return Outcome.MATCHED
    if not could_show(created_on, newest):
        return Outcome.UNVERIFIABLE
    return Outcome.MATCHED if deleted else Outcome.MISSING_AT_RECHECK


def could_show(created_on: str, listing: ListingOutcome) -> bool:
    """Return whether a listing would show a message that was made at that time."""
    if listing.visibility is not Visibility.PARTIAL:
        return listing.visibility is Visibility.FULL
    since, created = parse_time(listing.since), parse_time(created_on)
    return since is not None and created is not None and created >= since


def thread_changes(events: Iterable[ChatEvent]) -> ThreadChanges:
    """Return what thread events say that a listing shows as system messages."""
    found: dict[tuple[str, str], list[datetime]] = {}
    for event in events:
        if event.kind in MESSAGE_KINDS:
            continue
        for name, subject, time in happenings(event):
            moment = parse_time(time)
            if moment is not None:
                found.setdefault((name, subject), []).append(moment)
    return found


def happenings(event: ChatEvent) -> Iterator[tuple[str, str, Any]]:
    for who in participant_events(event):
        yield SYSTEM_TYPES[who.change.kind], who.id, who.change.on
    if event.kind in (Kind.THREAD_CREATED, Kind.THREAD_UPDATED):
        properties = event.data.get("properties")
        if isinstance(properties, dict) and isinstance(properties.get("topic"), str):
            when = event.data.get("editTime") or event.data.get("createTime")
            yield TOPIC_TYPE, properties["topic"], when


def is_confirmed(item: Mapping[str, Any], changes: ThreadChanges) -> bool:
    """Return whether thread events say all that a listed system message says."""
    name, content = item.get("type"), item.get("content")
    moment = parse_time(item.get("createdOn"))
    if moment is None or not isinstance(content, dict):
        return False
    subjects: list[str] = []
    if name == TOPIC_TYPE and isinstance(content.get("topic"), str):
        subjects = [content["topic"]]
    elif name in SYSTEM_TYPES.values():
        people = content.get("participants") or ()
        subjects = [raw_id(one.get("communicationIdentifier")) for one in people]
    return bool(subjects) and all(
        any(abs(when - moment) <= NEAR for when in changes.get((str(name), one), ()))
        for one in subjects
    )
