"""Chat events from Event Grid: what each means, whom it concerns, and its identity.

Rule 1: both envelopes are read, Event Grid schema and CloudEvents 1.0, alone or as a
        list.
Rule 2: thread-level and user-level types say the same; a user-level event is a copy
        per recipient, with an envelope id of its own.
Rule 3: so the identity of a message event is never its envelope id, nor a hash of the
        payload, but (thread, message, kind, version).
Rule 4: an unknown type is stored as `OTHER`, as long as it names a thread.

Source of the types and fields: the documentation page "Azure Communication Services -
Chat events" and the Event Grid data-plane specification of Microsoft.Communication.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.domain import json_line, layout
from shared.domain.errors import InvalidEvent
from shared.domain.evidence import content
from shared.domain.identity import raw_id
from shared.domain.times import normalise_time, parse_time

PREFIX = "Microsoft.Communication."
MOST_DIGITS = 30
SURROGATE = re.compile("[\ud800-\udfff]")
LONGEST_ID = 200
"""Most characters of a thread or message id; real ones have 13 to 70."""


class Kind(StrEnum):
    """What an event says, whether thread-level or user-level."""

    RECEIVED = "received"
    EDITED = "edited"
    DELETED = "deleted"
    THREAD_CREATED = "thread_created"
    THREAD_UPDATED = "thread_updated"
    THREAD_DELETED = "thread_deleted"
    PARTICIPANT_ADDED = "participant_added"
    PARTICIPANT_REMOVED = "participant_removed"
    OTHER = "other"


MESSAGE_KINDS = (Kind.RECEIVED, Kind.EDITED, Kind.DELETED)

THREAD_LEVEL = {
    "ChatMessageReceivedInThread": Kind.RECEIVED,
    "ChatMessageEditedInThread": Kind.EDITED,
    "ChatMessageDeletedInThread": Kind.DELETED,
    "ChatThreadCreated": Kind.THREAD_CREATED,
    "ChatThreadPropertiesUpdated": Kind.THREAD_UPDATED,
    "ChatThreadDeleted": Kind.THREAD_DELETED,
    "ChatThreadParticipantAdded": Kind.PARTICIPANT_ADDED,
    "ChatThreadParticipantRemoved": Kind.PARTICIPANT_REMOVED,
}
"""The types to subscribe to: each event once per thread."""

USER_LEVEL = {
    "ChatMessageReceived": Kind.RECEIVED,
    "ChatMessageEdited": Kind.EDITED,
    "ChatMessageDeleted": Kind.DELETED,
    "ChatThreadCreatedWithUser": Kind.THREAD_CREATED,
    "ChatThreadPropertiesUpdatedPerUser": Kind.THREAD_UPDATED,
    "ChatThreadWithUserDeleted": Kind.THREAD_DELETED,
    "ChatParticipantAddedToThreadWithUser": Kind.PARTICIPANT_ADDED,
    "ChatMemberAddedToThreadWithUser": Kind.PARTICIPANT_ADDED,
    "ChatParticipantRemovedFromThreadWithUser": Kind.PARTICIPANT_REMOVED,
    "ChatMemberRemovedFromThreadWithUser": Kind.PARTICIPANT_REMOVED,
}
"""Accepted from existing subscriptions: each event once per user except the sender."""

KINDS = THREAD_LEVEL | USER_LEVEL

CONTENT_FIELDS = frozenset(("messageBody", "metadata", "senderDisplayName"))
"""The fields of a message event that may be erased later. No choice between copies
may depend on them first, because it must not change with an erasure."""

EventIdentity = tuple[str, str, str, int]


class ErasedText(str):
    """The place of a text that was erased. It tells nothing, and is shown nowhere."""

    __slots__ = ()


ERASED_TOPIC = ErasedText()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatEvent:
    """One event, parsed as far as the product needs it; `data` is as received."""

    kind: Kind
    per_user: bool
    thread_id: str
    occurred_on: datetime | None
    envelope_id: str
    data: Mapping[str, Any]

    @property
    def message_id(self) -> str:
        """The message's id, unique within its thread only; "" for other events."""
        return str(self.data.get("messageId") or "")

    @property
    def version(self) -> int:
        """Epoch milliseconds of the change; 0 for an event that has none.

        It arrives as a number or as a string, depending on the event type.
        """
        return parse_version(self.data.get("version")) or 0

    @property
    def identity(self) -> EventIdentity:
        """What makes two deliveries, or two copies, the same event."""
        subject = self.envelope_id
        if self.kind in MESSAGE_KINDS:
            subject = self.message_id
        elif self.kind in (Kind.PARTICIPANT_ADDED, Kind.PARTICIPANT_REMOVED):
            subject = raw_id(self.participant.get("participantCommunicationIdentifier"))
        elif self.kind is not Kind.OTHER:
            subject = ""
        return (self.thread_id, subject, self.kind, self.version)

    @property
    def participant(self) -> Mapping[str, Any]:
        """Who was added or removed; empty for other events."""
        for name in ("participantAdded", "participantRemoved"):
            if isinstance(self.data.get(name), dict):
                return dict(self.data[name])
        return {}


def parse_version(value: Any) -> int | None:
    """Read a version, a number or a string of digits; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        return int(value) if len(value) <= MOST_DIGITS else None
    return None


def split_events(text: str) -> list[tuple[str, Any]]:
    """Return the events of a delivery: the text of each, as received, and its value.

    Raises:
        InvalidEvent: the delivery is not JSON, or neither an object nor a list.

    """
    try:
        value = json_line.skim(
            text
        )  # rounded numbers are fine: the text is what is stored
        if isinstance(value, dict):
            return [(text, value)]
        if isinstance(value, list):
            texts = json_line.split_list(text, len(value))
            return list(zip(texts, value, strict=True))
    except ValueError as error:
        if odd := odd_events(text):
            return odd
        raise InvalidEvent(f"not JSON: {error}") from None
    raise InvalidEvent("neither an event nor a list of events")


@dataclass(frozen=True, slots=True)
class OddEvent:
    """An envelope with a number that no reader takes, and why it cannot be read."""

    envelope: Any
    reason: str


def odd_events(text: str) -> list[tuple[str, Any]]:
    """Return the events of a delivery of which some hold a number that is too large.

    Nothing where it cannot be read for another reason.
    """
    try:
        value = content.parse(text.encode())
        values = value if isinstance(value, list) else [value]
        texts = [text]
        if isinstance(value, list):
            texts = json_line.split_list(text, len(value), content.DECODER)
    except (ValueError, RecursionError):
        return []
    return [
        (event, odd_or_not(event, envelope))
        for event, envelope in zip(texts, values, strict=True)
    ]


def odd_or_not(text: str, envelope: Any) -> Any:
    try:
        return json_line.skim(text)
    except ValueError as error:
        return OddEvent(envelope, f"not JSON that can be read: {error}")


def interpret(envelope: Any, text: str | bytes) -> ChatEvent:
    """Return the event in a parsed envelope; `text` is, or contains, its text.

    Raises:
        InvalidEvent: the envelope is not an event of a thread; the text says why.

    """
    if isinstance(envelope, OddEvent):
        raise InvalidEvent(envelope.reason)
    if not isinstance(envelope, dict):
        raise InvalidEvent("the event is not an object")
    if json_line.nests_too_deeply(text, envelope):
        raise InvalidEvent("the event is nested too deeply")
    name = envelope.get("eventType", envelope.get("type"))
    if not isinstance(name, str) or not name:
        raise InvalidEvent("the event has no type")
    data = envelope.get("data")
    if not isinstance(data, dict):
        raise InvalidEvent("the event has no data object")
    thread_id = data.get("threadId")
    if not isinstance(thread_id, str) or not thread_id.strip():
        raise InvalidEvent("the event names no thread")
    if SURROGATE.search(thread_id):
        raise InvalidEvent("the thread id holds half a character")
    if not is_thread_id(thread_id):
        raise InvalidEvent("the thread id is too long to be stored")
    short = name.removeprefix(PREFIX)
    kind = KINDS.get(short, Kind.OTHER)
    if kind in MESSAGE_KINDS:
        require_message(data)
    return ChatEvent(
        kind=kind,
        per_user=short in USER_LEVEL,
        thread_id=thread_id,
        occurred_on=parse_time(envelope.get("eventTime", envelope.get("time"))),
        envelope_id=str(envelope.get("id", "")),
        data=data,
    )


def thread_named(envelope: Any) -> str:
    """Return the thread that an unreadable event names all the same; "" for none."""
    if isinstance(envelope, OddEvent):
        envelope = envelope.envelope
    data = envelope.get("data") if isinstance(envelope, dict) else None
    thread_id = data.get("threadId") if isinstance(data, dict) else None
    if not isinstance(thread_id, str) or not thread_id.strip():
        return ""
    return thread_id if is_thread_id(thread_id) else ""


def is_thread_id(text: str) -> bool:
    """Return whether an id can be a thread's: evidence and a folder's name take it."""
    return (
        0 < len(text) <= LONGEST_ID
        and not SURROGATE.search(text)
        and layout.has_folder(text)
    )


def require_message(data: Mapping[str, Any]) -> None:
    message_id = data.get("messageId")
    if not message_id:
        raise InvalidEvent("the message event has no message id")
    if len(str(message_id)) > LONGEST_ID:
        raise InvalidEvent(f"the message id is longer than {LONGEST_ID} characters")
    if parse_version(data.get("version")) is None:
        raise InvalidEvent("the message event has no readable version")


def actor(event: ChatEvent | None) -> str:
    """Return the rawId of who created, edited or deleted the subject; "" if unknown."""
    if event is None:
        return ""
    names = ("createdBy", "editedBy", "deletedBy")
    ids = (raw_id(event.data.get(f"{n}CommunicationIdentifier")) for n in names)
    return next(filter(None, ids), "")


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def other_fields(value: Mapping[str, Any], named: Collection[str]) -> dict[str, Any]:
    """Return the fields that are not among `named`, as received."""
    return {name: field for name, field in value.items() if name not in named}


def time_of(event: ChatEvent | None, name: str) -> str:
    return (normalise_time(event.data.get(name)) or "") if event else ""
