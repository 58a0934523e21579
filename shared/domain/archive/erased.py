"""What is left of an erased line, in the form in which replay reads events and items.

Facts stay for ever: ids, versions, times, kinds and people. Names, texts and topics are
gone.
"""

from collections.abc import Mapping
from typing import Any

from shared.domain.evidence.content_facts import EVENT_TIMES
from shared.domain.log.event import ERASED_TOPIC, ChatEvent, Kind
from shared.domain.times import format_time, from_milliseconds

Facts = Mapping[str, Any]

KINDS = {
    ("message", "received"): (Kind.RECEIVED, ""),
    ("message", "edited"): (Kind.EDITED, "editedBy"),
    ("message", "deleted"): (Kind.DELETED, "deletedBy"),
    ("thread", "created"): (Kind.THREAD_CREATED, "createdBy"),
    ("thread", "updated"): (Kind.THREAD_UPDATED, "editedBy"),
    ("thread", "deleted"): (Kind.THREAD_DELETED, "deletedBy"),
    ("participant", "added"): (Kind.PARTICIPANT_ADDED, "addedBy"),
    ("participant", "removed"): (Kind.PARTICIPANT_REMOVED, "removedBy"),
}
"""What an event says by its kind and change, and the role of its actor."""
LISTED_TIMES = {"deleted": "deletedOn", "edited": "editedOn", "received": "createdOn"}


def event_of(facts: Facts, thread_id: str, commitment: str) -> ChatEvent:
    """Return the event of an erased line, with what its facts say of it."""
    key = (facts["kind"], facts.get("change", ""))
    kind, role = KINDS.get(key, (Kind.OTHER, ""))
    people = [identifier(person) for person in facts.get("people", ())]
    data: dict[str, Any] = {"threadId": thread_id}
    if key in EVENT_TIMES and "time" in facts:
        data[EVENT_TIMES[key]] = facts["time"]
    for name, member in (("messageId", "message"), ("version", "version")):
        if member in facts:
            data[name] = facts[member]
    data |= text_of("type", facts.get("type")) | who("sender", facts.get("sender"))
    data |= who(role, facts.get("actor")) if role else {}
    if kind in (Kind.THREAD_CREATED, Kind.THREAD_UPDATED) and "topic" in facts:
        data["properties"] = {"topic": ERASED_TOPIC}
    described = [{"participantCommunicationIdentifier": person} for person in people]
    if kind is Kind.THREAD_CREATED:
        data["participants"] = described
    elif kind in (Kind.PARTICIPANT_ADDED, Kind.PARTICIPANT_REMOVED) and described:
        added = kind is Kind.PARTICIPANT_ADDED
        data["participantAdded" if added else "participantRemoved"] = described[0]
    return ChatEvent(
        kind=kind,
        per_user=False,
        thread_id=thread_id,
        occurred_on=None,
        # Copies of an unknown event are told apart by what stays different.
        envelope_id=commitment,
        data=data,
    )


def message_of(facts: Facts) -> dict[str, Any]:
    """Return the listed message of an erased line."""
    created = from_milliseconds(int(facts["message"]))
    item: dict[str, Any] = {"id": facts["message"], "version": facts["version"]}
    item["createdOn"] = format_time(created) if created else ""
    if "time" in facts:
        item[LISTED_TIMES[facts["change"]]] = facts["time"]
    item |= text_of("type", facts.get("type")) | who("sender", facts.get("sender"))
    people = [
        {"communicationIdentifier": identifier(person)}
        for person in facts.get("people", ())
    ]
    if people or "actor" in facts:
        item["content"] = {"participants": people} | who(
            "initiator", facts.get("actor")
        )
    if facts.get("type") == "topicUpdated":
        item["content"] = {"topic": ERASED_TOPIC}
    return item


def participant_of(facts: Facts) -> dict[str, Any]:
    """Return the listed participant of an erased line; empty where nobody is named."""
    people = facts.get("people", ())
    if not people:
        return {}
    share = text_of("shareHistoryTime", facts.get("time"))
    return {"communicationIdentifier": identifier(people[0])} | share


def properties_of(facts: Facts) -> dict[str, Any]:
    """Return the properties of an erased line."""
    return text_of("createdOn", facts.get("time")) | who(
        "createdBy", facts.get("actor")
    )


def identifier(raw_id: str) -> dict[str, str]:
    return {"rawId": raw_id}


def who(role: str, raw_id: str | None) -> dict[str, Any]:
    return {f"{role}CommunicationIdentifier": identifier(raw_id)} if raw_id else {}


def text_of(name: str, value: str | None) -> dict[str, str]:
    return {name: value} if value else {}
