"""Redaction: removes what is erased from the lines of an archive's input.

Rule 1: it works line by line and by ids alone, so that the result is the same in every
        revision; repeating it changes nothing.
Rule 2: what remains of a message is what its leaves commit to, and where it stood.
Rule 3: an erased message's salt could be derived from its page's: the page's salt is
        replaced by the salts of the page's other messages.
Rule 4: a line that cannot be read may hold what must be erased, so it goes.
"""

from collections.abc import Collection
from typing import Any

from shared.domain import json_line
from shared.domain.errors import IntegrityError, InvalidEvent
from shared.domain.log.event import ChatEvent, Kind, interpret
from shared.domain.log.identity import raw_id
from shared.domain.log.record import ERASED, SCHEMA, is_erased
from shared.domain.log.torn_lines import parse_or_none, pieces
from shared.domain.thread.listing import PageKind, items, salts_of
from shared.domain.thread.versions import item_content

ENVELOPE_FIELDS = (
    "id",
    "topic",
    "source",
    "subject",
    "eventType",
    "type",
    "eventTime",
    "time",
    "dataVersion",
    "metadataVersion",
    "specversion",
)
EVENT_FIELDS = (
    "threadId",
    "messageId",
    "version",
    "type",
    "composeTime",
    "editTime",
    "deleteTime",
    "senderCommunicationIdentifier",
)
ITEM_FIELDS = (
    "id",
    "type",
    "sequenceId",
    "version",
    "createdOn",
    "editedOn",
    "deletedOn",
    "senderCommunicationIdentifier",
)
"""What remains of an erased message's event, its envelope, and its listed item."""
PERSON_FIELDS = (
    "participantCommunicationIdentifier",
    "communicationIdentifier",
    "shareHistoryTime",
)
"""What remains of an erased participant wherever one is described."""


def redact_events(
    events: bytes, *, messages: Collection[str], people: Collection[str]
) -> bytes:
    """Return the lines of `events.jsonl` without what is erased."""
    return b"".join(
        redact_record(piece, messages, people) + b"\n" for piece in pieces(events)
    )


def redact_record(
    line: bytes, messages: Collection[str], people: Collection[str]
) -> bytes:
    value = parse_or_none(line)
    event = event_of(value, line)
    if event is None:
        return redact_unreadable(line, value, messages, people)
    if is_erased(value):
        return line
    if event.message_id not in messages:
        return redact_names(line, value, people)
    envelope = {name: value["event"].get(name) for name in ENVELOPE_FIELDS}
    envelope = {name: field for name, field in envelope.items() if field is not None}
    data = {name: event.data[name] for name in EVENT_FIELDS if name in event.data}
    # A deletion has no content: its salt hides nothing, and its commitment needs it.
    salt = value["salt"] if event.kind is Kind.DELETED else ""
    redacted = {
        "schema": SCHEMA,
        "received_on": value.get("received_on", ""),
        "salt": salt,
        ERASED: True,
        "event": {**envelope, "data": data},
    }
    return json_line.encode(json_line.compact(redacted))


def event_of(value: Any, line: bytes) -> ChatEvent | None:
    try:
        return interpret(value.get("event"), line) if isinstance(value, dict) else None
    except InvalidEvent:
        return None


def redact_unreadable(
    line: bytes, value: Any, messages: Collection[str], people: Collection[str]
) -> bytes:
    """Return an empty line for one that is not a record and may hold what is erased."""
    if is_erased(value):
        return line
    needles = [json_line.canonical(secret)[1:-1] for secret in (*messages, *people)]
    text = b"" if value is None else json_line.canonical(value)
    if value is not None and not any(needle in text for needle in needles):
        return line
    return json_line.encode(json_line.compact({"schema": SCHEMA, ERASED: True}))


def redact_quarantine(
    quarantine: bytes, *, messages: Collection[str], people: Collection[str]
) -> bytes:
    """Return the lines of `quarantine.jsonl`, those that may need erasing emptied."""
    return b"".join(
        redact_unreadable(line, parse_or_none(line), messages, people) + b"\n"
        for line in quarantine.split(b"\n")
        if line
    )


def redact_names(line: bytes, value: Any, people: Collection[str]) -> bytes:
    """Return a line without the names of erased people; unchanged if it has none."""
    changed = without_names(value, people)
    return line if changed == value else json_line.encode(json_line.compact(changed))


def without_names(value: Any, people: Collection[str]) -> Any:
    """Return a JSON value in which erased people have ids but no names."""
    if isinstance(value, list):
        return [without_names(item, people) for item in value]
    if not isinstance(value, dict):
        return value
    who = raw_id(value.get("participantCommunicationIdentifier")) or raw_id(
        value.get("communicationIdentifier")
    )
    if who in people:
        return {name: field for name, field in value.items() if name in PERSON_FIELDS}
    fields = dict(value)
    if raw_id(value.get("senderCommunicationIdentifier")) in people:
        fields.pop("senderDisplayName", None)
    return {name: without_names(field, people) for name, field in fields.items()}


def redact_listing(
    listing: bytes, *, messages: Collection[str], people: Collection[str]
) -> bytes:
    """Return the lines of `listing.jsonl` without what is erased.

    Raises:
        IntegrityError: a line is in an unknown form.

    """
    return b"".join(
        redact_page(line, messages, people) + b"\n"
        for line in listing.split(b"\n")
        if line
    )


def redact_page(
    line: bytes, messages: Collection[str], people: Collection[str]
) -> bytes:
    try:
        value = json_line.parse(line)
        kind = value["kind"]
        listed = items(value["body"]) if kind == PageKind.MESSAGES else []
        chosen = {item.get("id") for item in listed} & set(messages)
        if not chosen:
            return redact_names(line, value, people)
        salts = salts_of(value)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError("listing.jsonl holds a line of an unknown form") from None
    body = {
        **value["body"],
        "value": [
            {name: item[name] for name in ITEM_FIELDS if name in item}
            if isinstance(item, dict) and item.get("id") in messages
            else item
            for item in value["body"]["value"]
        ],
    }
    rest = {
        name: field for name, field in value.items() if name not in ("salt", "body")
    }
    # As with events: a deletion's salt hides nothing, and its commitment needs it.
    salted_ids = {item["id"] for item in listed if item_content(item) is None} | (
        salts.keys() - chosen
    )
    rest["salts"] = {name: salt for name, salt in salts.items() if name in salted_ids}
    redacted = without_names(rest | {"body": body}, people)
    return json_line.encode(json_line.compact(redacted))
