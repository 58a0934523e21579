"""The roster: who took part in a thread, when they came and went, and who may read it.

Events tell comings and goings; listings tell who is there now and from when on each
may see the thread.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.event import ChatEvent, Kind, raw_id
from shared.domain.listing import Listing
from shared.domain.times import normalise_time
from shared.domain.transcript import Change, Participant

OWN_USER = "8:acs:"
"""How the ids begin that a resource can mint a token for. Government clouds have
`8:gcch-acs:` and `8:dod-acs:`, which are tried too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event that is known once, with the salt of its version."""

    event: ChatEvent
    salt: str


def roster(
    entries: Iterable[Entry], listings: Sequence[Listing]
) -> tuple[Participant, ...]:
    """Give everybody who took part, sorted by id."""
    names: dict[str, str] = {}
    history: dict[str, set[tuple[str, Kind, str]]] = {}
    for entry in entries:
        for who, name, change in changes(entry.event):
            history.setdefault(who, set()).add(change)
            if name:
                names.setdefault(who, name)
    listed: dict[str, Mapping[str, Any]] = {}
    for listing in listings:
        for one in listing.participants:
            listed[raw_id(one.get("communicationIdentifier"))] = one
    listed.pop("", None)
    newest = next((one for one in listings[::-1] if one.participants), None)
    present = {
        raw_id(one.get("communicationIdentifier"))
        for one in (newest.participants if newest else ())
    }
    return tuple(
        Participant(
            id=who,
            display_name=names.get(who)
            or str(listed.get(who, {}).get("displayName") or ""),
            present=who in present if newest else None,
            share_history_time=normalise_time(
                listed.get(who, {}).get("shareHistoryTime")
            )
            or "",
            history=tuple(
                Change(kind=kind, on=on, by=by)
                for on, kind, by in sorted(history.get(who, ()))
            ),
        )
        for who in sorted(history.keys() | listed.keys())
    )


def changes(event: ChatEvent) -> Iterator[tuple[str, str, tuple[str, Kind, str]]]:
    """Give (who, display name, (on, kind, by)) for each coming or going told."""
    data = event.data
    if event.kind is Kind.THREAD_CREATED:
        by = raw_id(data.get("createdByCommunicationIdentifier"))
        on = normalise_time(data.get("createTime")) or ""
        for one in data.get("participants") or ():
            who, name = person(one)
            if who:
                yield who, name, (on, Kind.PARTICIPANT_ADDED, by)
    elif event.kind in (Kind.PARTICIPANT_ADDED, Kind.PARTICIPANT_REMOVED):
        verb = "added" if event.kind is Kind.PARTICIPANT_ADDED else "removed"
        by = raw_id(data.get(f"{verb}ByCommunicationIdentifier"))
        who, name = person(event.participant)
        if who:
            yield who, name, (normalise_time(data.get("time")) or "", event.kind, by)


def person(one: Any) -> tuple[str, str]:
    if not isinstance(one, dict):
        return "", ""
    name = one.get("displayName")
    return (
        raw_id(one.get("participantCommunicationIdentifier")),
        name if isinstance(name, str) else "",
    )


def reader_candidates(
    configured: Iterable[str], participants: Iterable[Participant]
) -> tuple[str, ...]:
    """Give whom to read a thread as, best first, each once.

    The configured archivers in their order; then who takes part, by the earliest
    share-history time and the earliest coming; then who has left, for they may still
    read what was said before.
    """
    people = sorted(
        participants,
        key=lambda one: (
            has_left(one),
            one.share_history_time or "9999",
            one.history[0].on if one.history else "",
            one.id,
        ),
    )
    readable = [one.id for one in people if is_own_user(one.id)]
    return tuple(dict.fromkeys([*configured, *readable]))


def is_own_user(user_id: str) -> bool:
    """Say whether a token may exist for this id: no phone, Teams user or bot."""
    return user_id.startswith((OWN_USER, "8:gcch-acs:", "8:dod-acs:"))


def has_left(participant: Participant) -> bool:
    if participant.present is not None:
        return not participant.present
    history = participant.history
    return bool(history) and history[-1].kind is Kind.PARTICIPANT_REMOVED
