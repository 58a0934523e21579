"""Participants: who is or was in a thread, when they joined and left, who may read it.

Events report joining and leaving; listings show who is there now, and from when on
each may see the thread.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain import json_line
from shared.domain.identity import is_own_user, raw_id
from shared.domain.log.event import ChatEvent, Kind, other_fields
from shared.domain.log.logged import LoggedEvent, LoggedRecord
from shared.domain.thread.listing import Listing
from shared.domain.thread.message import UNKNOWN
from shared.domain.thread.properties import metadata_of
from shared.domain.thread.transcript import Change, Participant
from shared.domain.times import LATEST, as_moment, normalise_time

LISTED_FIELDS = ("communicationIdentifier", "displayName", "shareHistoryTime")
EVENT_FIELDS = ("participantCommunicationIdentifier", "displayName")
PLACED_FIELDS = (
    "threadId",
    "createTime",
    "time",
    "participantAdded",
    "participantRemoved",
)
"""The fields of a participant, or of a change, that have a place of their own in the
transcript."""

ROLES = (
    "sender",
    "recipient",
    "createdBy",
    "editedBy",
    "deletedBy",
    "addedBy",
    "removedBy",
)
"""The roles in which an event names a person, besides joining and leaving."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantEvent:
    """What one event says of one participant: `who`, as received, and the change."""

    who: Mapping[str, Any]
    change: Change

    @property
    def id(self) -> str:
        return raw_id(self.who.get("participantCommunicationIdentifier"))


def participants(
    events: Iterable[LoggedEvent], listings: Sequence[Listing]
) -> tuple[Participant, ...]:
    """Return everybody who is or was in the thread, sorted by id."""
    by_id: dict[str, list[ParticipantEvent]] = {}
    for logged in events:
        for event in participant_events(logged.event):
            by_id.setdefault(event.id, []).append(event)
    listed: dict[str, Mapping[str, Any]] = {}
    for listing in listings:
        for item in listing.participants:
            who = raw_id(item.get("communicationIdentifier"))
            known = metadata_of(listed.get(who, {}))
            is_kept = known and not listing.tells_metadata
            listed[who] = {"metadata": known, **item} if is_kept else item
    by_id.pop("", None)
    listed.pop("", None)
    newest = next((listing for listing in listings[::-1] if listing.participants), None)
    present = {
        raw_id(item.get("communicationIdentifier"))
        for item in (newest.participants if newest else ())
    }
    return tuple(
        participant(
            who,
            by_id.get(who, []),
            listed.get(who, {}),
            present=who in present if newest else None,
        )
        for who in sorted(by_id.keys() | listed.keys())
    )


def participant(
    who: str,
    events: Sequence[ParticipantEvent],
    listed: Mapping[str, Any],
    *,
    present: bool | None,
) -> Participant:
    names = (event.who.get("displayName") for event in events)
    name = next((n for n in names if isinstance(n, str) and n), "") or str(
        listed.get("displayName") or ""
    )
    identifiers = [
        event.who.get("participantCommunicationIdentifier") for event in events
    ]
    extra: dict[str, Any] = {}
    metadata: Mapping[str, Any] | None = None
    for said, fields in (
        *((event.who, EVENT_FIELDS) for event in events),
        (listed, LISTED_FIELDS),
    ):
        told = metadata_of(said)
        metadata = metadata if told is None else told
        placed = fields if told is None else (*fields, "metadata")
        extra |= other_fields(said, placed)
        if said.get("displayName") not in (None, "", name):  # the last other name
            extra["displayName"] = said["displayName"]
    return Participant(
        id=who,
        display_name=name,
        identifier=listed.get("communicationIdentifier") or identifiers[0] or {},
        present=present,
        share_history_time=normalise_time(listed.get("shareHistoryTime")) or "",
        history=distinct(event.change for event in events),
        metadata=metadata or {},
        extra=extra,
    )


def distinct(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return each change once, by time: both levels of events report it."""
    by_time = {
        (as_moment(change.on), change.kind, change.by): change for change in changes
    }
    return tuple(by_time[key] for key in sorted(by_time))


def participant_events(event: ChatEvent) -> Iterator[ParticipantEvent]:
    """Yield each change of participants that an event reports."""
    data = event.data
    if event.kind is Kind.THREAD_CREATED:
        by = raw_id(data.get("createdByCommunicationIdentifier")) or UNKNOWN
        on = normalise_time(data.get("createTime")) or ""
        for person in json_line.dicts_in(data.get("participants")):
            yield ParticipantEvent(
                who=person,
                change=Change(kind=Kind.PARTICIPANT_ADDED, on=on, by=by),
            )
    elif event.kind in (Kind.PARTICIPANT_ADDED, Kind.PARTICIPANT_REMOVED):
        verb = "added" if event.kind is Kind.PARTICIPANT_ADDED else "removed"
        by = raw_id(data.get(f"{verb}ByCommunicationIdentifier")) or UNKNOWN
        on = normalise_time(data.get("time")) or ""
        extra = other_fields(data, (*PLACED_FIELDS, f"{verb}ByCommunicationIdentifier"))
        yield ParticipantEvent(
            who=event.participant,
            change=Change(kind=event.kind, on=on, by=by, extra=extra),
        )


def reader_candidates(
    configured: Iterable[str], participants: Iterable[Participant]
) -> tuple[str, ...]:
    """Return the users to read a thread as, best first, each once.

    First the configured archivers in their order; then present participants, by the
    earliest share-history time and the earliest joining; then those who have left, who
    may still read what was said before.
    """
    people = sorted(
        participants,
        key=lambda person: (
            has_left(person),
            as_moment(person.share_history_time, absent=LATEST),
            as_moment(person.history[0].on if person.history else ""),
            person.id,
        ),
    )
    readable = [person.id for person in people if is_own_user(person.id)]
    return tuple(dict.fromkeys([*configured, *readable]))


def people_named(records: Iterable[LoggedRecord]) -> Iterator[str]:
    """Yield the users whom events name in some role, with repetitions.

    If the log begins after the thread's creation, no event names its participants:
    these users are the only ones to try as readers.
    """
    for record in records:
        for role in ROLES:
            who = raw_id(record.event.data.get(f"{role}CommunicationIdentifier"))
            if is_own_user(who):
                yield who


def has_left(participant: Participant) -> bool:
    if participant.present is not None:
        return not participant.present
    history = participant.history
    return bool(history) and history[-1].kind is Kind.PARTICIPANT_REMOVED
