"""Reconciliation: what log and listing together prove about one message (P8).

The rules are applied from the top; the first that matches gives the outcome. The
listing that decides on a message is found by `passes`.
1. A listing tells otherwise of some version than its event, or than another listing:
   `differs`. What is compared, and how, says `compared`.
2. Deleted, and no version's content is known: `deleted_without_content`.
3. Only the listing has it, and it is a system message whose thread event is in the
   log: `matched`.
4. Only the listing has it: `backfilled`.
5. The listing shows a version that no event reported: `version_gap`.
6. The newest version of the log is in a listing, or the one that decides shows nothing
   newer: `matched`.
7. The log has the deletion, and the last, full pass lacks the message: `matched`, for
   that is what a deletion looks like.
8. The last whole pass, able to show the message, lacks it: `missing_at_recheck`.
9. Otherwise it could not be checked: `unverifiable`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.domain.identity import raw_id
from shared.domain.log.event import MESSAGE_KINDS, ChatEvent, Kind
from shared.domain.thread.listing import ListingOutcome, Visibility
from shared.domain.thread.message import Outcome, Version
from shared.domain.thread.participants import participant_events
from shared.domain.times import parse_time

NEAR = timedelta(seconds=10)
"""How far apart in time a system message and its thread event may be: listings have
whole seconds, and the service stamps each separately."""

SYSTEM_TYPES = {
    Kind.PARTICIPANT_ADDED: "participantAdded",
    Kind.PARTICIPANT_REMOVED: "participantRemoved",
}
TOPIC_TYPE = "topicUpdated"

ThreadChanges = Mapping[tuple[str, str], Sequence[datetime]]
"""When something happened according to thread events, by type of system message and by
raw id or topic."""


def reconcile(
    versions: Sequence[Version],
    *,
    created_on: str,
    is_shown: bool,
    by: ListingOutcome,
    confirmed: bool = False,
) -> Outcome:
    """Return the outcome for one message, given its known versions, oldest first.

    `is_shown` says whether the listing that decides shows the message, `by` how much
    that listing can show, and `confirmed` whether thread events say the same.
    """
    logged = {version.number for version in versions if "event" in version.sources}
    listed = {version.number for version in versions if "listing" in version.sources}
    deleted = versions[-1].kind is Kind.DELETED
    if any(version.listed for version in versions):
        return Outcome.DIFFERS
    if deleted and not any(version.is_known for version in versions):
        return Outcome.DELETED_WITHOUT_CONTENT
    if not logged:
        return Outcome.MATCHED if confirmed else Outcome.BACKFILLED
    if listed and max(listed) not in logged:
        return Outcome.VERSION_GAP
    if max(logged) in listed or is_shown:
        return Outcome.MATCHED
    return not_shown(created_on, by, deleted=deleted)


def not_shown(created_on: str, by: ListingOutcome, *, deleted: bool) -> Outcome:
    """Return the outcome for a message that the log has and no listing shows."""
    if not could_show(created_on, by):
        return Outcome.UNVERIFIABLE
    return Outcome.MATCHED if deleted else Outcome.MISSING_AT_RECHECK


def could_show(created_on: str, listing: ListingOutcome) -> bool:
    """Return whether a listing can show a message that was created at that time."""
    if listing.visibility is not Visibility.PARTIAL:
        return listing.visibility is Visibility.FULL
    since, created = parse_time(listing.since), parse_time(created_on)
    return since is not None and created is not None and created >= since


def thread_changes(events: Iterable[ChatEvent]) -> ThreadChanges:
    """Return the changes that thread events report and listings show as messages."""
    changes: dict[tuple[str, str], list[datetime]] = {}
    for event in events:
        if event.kind in MESSAGE_KINDS:
            continue
        for name, subject, time in happenings(event):
            moment = parse_time(time)
            if moment is not None:
                changes.setdefault((name, subject), []).append(moment)
    return changes


def happenings(event: ChatEvent) -> Iterator[tuple[str, str, Any]]:
    for who in participant_events(event):
        yield SYSTEM_TYPES[who.change.kind], who.id, who.change.on
    if event.kind in (Kind.THREAD_CREATED, Kind.THREAD_UPDATED):
        properties = event.data.get("properties")
        if isinstance(properties, dict) and isinstance(properties.get("topic"), str):
            when = event.data.get("editTime") or event.data.get("createTime")
            yield TOPIC_TYPE, properties["topic"], when


def is_confirmed(item: Mapping[str, Any], changes: ThreadChanges) -> bool:
    """Return whether thread events confirm all that a listed system message says."""
    name, content = item.get("type"), item.get("content")
    moment = parse_time(item.get("createdOn"))
    if moment is None or not isinstance(content, dict):
        return False
    subjects: list[str] = []
    if name == TOPIC_TYPE and isinstance(content.get("topic"), str):
        subjects = [content["topic"]]
    elif name in SYSTEM_TYPES.values():
        people = content.get("participants")
        if not isinstance(people, list) or not all(isinstance(p, dict) for p in people):
            return False
        subjects = [raw_id(person.get("communicationIdentifier")) for person in people]
    return bool(subjects) and all(
        any(
            abs(when - moment) <= NEAR for when in changes.get((str(name), subject), ())
        )
        for subject in subjects
    )
