"""What follows from a content, schema 1: kind, ids, times and people, by file.

People are the raw ids of all communication identifiers in what was received, but for
the sender's, the actor's and the recipient's of a user-level copy, and for metadata,
which is what an application wrote. The rule needs no list of event types, so that an
unknown one names its people too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.domain.evidence import canonical
from shared.domain.evidence.moments import time_fact
from shared.domain.evidence.shapes import is_number
from shared.domain.evidence.words import INPUT_KINDS, LISTED
from shared.domain.identity import raw_id

PREFIX = "Microsoft.Communication."
EVENTS = {
    "ChatMessageReceivedInThread": ("message", "received"),
    "ChatMessageReceived": ("message", "received"),
    "ChatMessageEditedInThread": ("message", "edited"),
    "ChatMessageEdited": ("message", "edited"),
    "ChatMessageDeletedInThread": ("message", "deleted"),
    "ChatMessageDeleted": ("message", "deleted"),
    "ChatThreadCreated": ("thread", "created"),
    "ChatThreadCreatedWithUser": ("thread", "created"),
    "ChatThreadPropertiesUpdated": ("thread", "updated"),
    "ChatThreadPropertiesUpdatedPerUser": ("thread", "updated"),
    "ChatThreadDeleted": ("thread", "deleted"),
    "ChatThreadWithUserDeleted": ("thread", "deleted"),
    "ChatThreadParticipantAdded": ("participant", "added"),
    "ChatParticipantAddedToThreadWithUser": ("participant", "added"),
    "ChatMemberAddedToThreadWithUser": ("participant", "added"),
    "ChatThreadParticipantRemoved": ("participant", "removed"),
    "ChatParticipantRemovedFromThreadWithUser": ("participant", "removed"),
    "ChatMemberRemovedFromThreadWithUser": ("participant", "removed"),
}
"""Kind and change of each event type; both levels of events say the same."""
EVENT_TIMES = {
    ("message", "received"): "composeTime",
    ("message", "edited"): "editTime",
    ("message", "deleted"): "deleteTime",
    ("thread", "created"): "createTime",
    ("thread", "updated"): "editTime",
    ("thread", "deleted"): "deleteTime",
    ("participant", "added"): "time",
    ("participant", "removed"): "time",
}
"""The member of `data` that tells when; where it does not, the envelope does."""
TYPES = {
    "text": "text",
    "html": "html",
    "richtext/html": "html",
    "topicupdated": "topicUpdated",
    "threadactivity/topicupdate": "topicUpdated",
    "participantadded": "participantAdded",
    "threadactivity/addmember": "participantAdded",
    "participantremoved": "participantRemoved",
    "threadactivity/deletemember": "participantRemoved",
}
"""Types of messages, as events and listings write them, in small letters."""
SENDER = "senderCommunicationIdentifier"
ACTORS = (
    "createdByCommunicationIdentifier",
    "editedByCommunicationIdentifier",
    "deletedByCommunicationIdentifier",
    "addedByCommunicationIdentifier",
    "removedByCommunicationIdentifier",
    "initiatorCommunicationIdentifier",
)
NOT_SEARCHED = frozenset(
    (SENDER, *ACTORS, "recipientCommunicationIdentifier", "metadata")
)

Value = Mapping[str, Any]


class Unreadable(Exception):  # noqa: N818 - its name says what the content is
    """The facts of a content cannot be had."""


def derived(given: Value, value: Any) -> dict[str, Any]:
    """Return the facts that follow from a content, some of them empty.

    Raises:
        Unreadable: they cannot be had.

    """
    file = given["file"]
    if file == "quarantine" or not isinstance(value, dict):
        raise Unreadable
    if file == "events":
        return event_facts(value)
    if file == "attachments":
        return attachment_facts(value)
    if file in INPUT_KINDS:
        return {"kind": "input", "people": sorted(set(texts_in(value.get("people"))))}
    if "outcome" in given:
        return {"kind": "outcome"}
    if "page" in given:
        return {"kind": "page"}
    return ITEM_FACTS[given["origin"]](value)


def event_facts(envelope: Value) -> dict[str, Any]:
    """Return the facts of an event, in either envelope."""
    name = envelope.get("eventType", envelope.get("type"))
    data = envelope.get("data")
    if not isinstance(name, str) or not name or not isinstance(data, dict):
        raise Unreadable
    kind, change = EVENTS.get(name.removeprefix(PREFIX), ("other", ""))
    message, version = id_of(data.get("messageId")), id_of(data.get("version"))
    if kind == "message" and not (message and version):
        raise Unreadable
    told = time_fact(data.get(EVENT_TIMES.get((kind, change), "")))
    return {
        "kind": kind,
        "change": change,
        "type": type_of(data.get("type")) if kind == "message" else "",
        "message": message,
        "version": version,
        "time": told or time_fact(envelope.get("eventTime", envelope.get("time"))),
        "sender": raw_id(data.get(SENDER)),
        "actor": actor_in(data),
        **found_in(data),
    }


def message_facts(item: Value) -> dict[str, Any]:
    """Return the facts of a listed message."""
    message, version = id_of(item.get("id")), id_of(item.get("version"))
    if not (message and version):
        raise Unreadable
    change, member = "received", "createdOn"
    if item.get("deletedOn"):
        change, member = "deleted", "deletedOn"
    elif item.get("editedOn"):
        change, member = "edited", "editedOn"
    inner = item.get("content")
    return {
        "kind": LISTED["messages"],
        "change": change,
        "type": type_of(item.get("type")),
        "message": message,
        "version": version,
        "time": time_fact(item.get(member)),
        "sender": raw_id(item.get(SENDER)),
        "actor": actor_in(inner) if isinstance(inner, dict) else "",
        **found_in(item),
    }


def participant_facts(item: Value) -> dict[str, Any]:
    """Return the facts of a listed participant.

    The time is that from which a person sees the thread: who comes back has a new one.
    """
    time = time_fact(item.get("shareHistoryTime"))
    return {"kind": LISTED["participants"], "time": time, **found_in(item)}


def receipt_facts(item: Value) -> dict[str, Any]:
    """Return the facts of a read receipt, whose sender is its reader."""
    return {
        "kind": LISTED["receipts"],
        "message": id_of(item.get("chatMessageId")),
        "time": time_fact(item.get("readOn")),
        "sender": raw_id(item.get(SENDER)),
        **found_in(item),
    }


def properties_facts(item: Value) -> dict[str, Any]:
    """Return the facts of a thread's properties."""
    return {
        "kind": LISTED["properties"],
        "time": time_fact(item.get("createdOn")),
        "actor": actor_in(item),
        **found_in(item),
    }


ITEM_FACTS = {
    "messages": message_facts,
    "participants": participant_facts,
    "receipts": receipt_facts,
    "properties": properties_facts,
}


def attachment_facts(value: Value) -> dict[str, Any]:
    """Return the facts of one try to fetch a file that a message names."""
    message, number = id_of(value.get("message")), value.get("number")
    if not message or not is_number(number):
        raise Unreadable
    return {"kind": "attachment", "message": message, "number": number}


def id_of(value: Any) -> str:
    """Return the id or version in a value, a string or a number; "" for null or "".

    Raises:
        Unreadable: it is of another form than 1 to 16 digits.

    """
    if value is None or value == "":
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not canonical.ID.fullmatch(value):
        raise Unreadable
    return value


def type_of(value: Any) -> str:
    return TYPES.get(value.lower(), "other") if isinstance(value, str) else ""


def actor_in(value: Value) -> str:
    return next(filter(None, (raw_id(value.get(name)) for name in ACTORS)), "")


def found_in(value: Value) -> dict[str, Any]:
    """Return whom a value is about, and whether it carries a topic, at any depth."""
    objects = list(objects_in(value))
    facts: dict[str, Any] = {
        "people": sorted(set(filter(None, map(raw_id, objects)))),
    }
    if any("topic" in inner for inner in objects):
        facts["topic"] = True
    return facts


def objects_in(value: Any) -> Iterator[Value]:
    """Yield every object in a value, but for members that are not searched."""
    todo = [value]
    while todo:
        inner = todo.pop()
        if isinstance(inner, dict):
            yield inner
            todo += [inner[name] for name in inner if name not in NOT_SEARCHED]
        elif isinstance(inner, list):
            todo += inner


def texts_in(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, str) and item:
            yield item
