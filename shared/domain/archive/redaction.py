"""Redaction: takes what is erased out of the lines of an archive's input.

Rule 1: line by line and by ids alone, so that it is the same in every revision; doing
        it again changes nothing.
Rule 2: what stays of a message is what its leaves commit to, and where it stood.
Rule 3: a page's salt would give an erased message's away: it is replaced by the salts
        of the page's other messages.
Rule 4: what cannot be read cannot be told apart from what is to be erased, and goes.
"""

from collections.abc import Collection
from typing import Any

from shared.domain import json_line
from shared.domain.errors import IntegrityError, InvalidEvent
from shared.domain.log.event import ChatEvent, Kind, interpret, raw_id
from shared.domain.log.record import ERASED, SCHEMA, is_erased, parse_or_none, pieces
from shared.domain.thread.listing import PageKind, items, salts_of
from shared.domain.thread.messages import item_content

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
"""What stays of an erased message's event, its envelope, and its listed item."""
PERSON_FIELDS = (
    "participantCommunicationIdentifier",
    "communicationIdentifier",
    "shareHistoryTime",
)
"""What stays of an erased participant wherever one is described."""


def without(
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
        return blank(line, value, messages, people)
    if is_erased(value):
        return line
    if event.message_id not in messages:
        return renamed(line, value, people)
    kept = {name: value["event"].get(name) for name in ENVELOPE_FIELDS}
    kept = {name: one for name, one in kept.items() if one is not None}
    data = {name: event.data[name] for name in EVENT_FIELDS if name in event.data}
    # A deletion has no content: its salt hides nothing, and its commitment needs it.
    salt = value["salt"] if event.kind is Kind.DELETED else ""
    redacted = {
        "schema": SCHEMA,
        "received_on": value.get("received_on", ""),
        "salt": salt,
        ERASED: True,
        "event": {**kept, "data": data},
    }
    return json_line.encode(json_line.compact(redacted))


def event_of(value: Any, line: bytes) -> ChatEvent | None:
    try:
        return interpret(value.get("event"), line) if isinstance(value, dict) else None
    except InvalidEvent:
        return None


def blank(
    line: bytes, value: Any, messages: Collection[str], people: Collection[str]
) -> bytes:
    """Empty what is no record, unless it certainly has nothing of what is erased."""
    if is_erased(value):
        return line
    needles = [json_line.canonical(one)[1:-1] for one in (*messages, *people)]
    text = b"" if value is None else json_line.canonical(value)
    if value is not None and not any(needle in text for needle in needles):
        return line
    return json_line.encode(json_line.compact({"schema": SCHEMA, ERASED: True}))


def without_unread(
    quarantine: bytes, *, messages: Collection[str], people: Collection[str]
) -> bytes:
    """Return the lines of `quarantine.jsonl` without what may be erased."""
    return b"".join(
        blank(line, parse_or_none(line), messages, people) + b"\n"
        for line in quarantine.split(b"\n")
        if line
    )


def renamed(line: bytes, value: Any, people: Collection[str]) -> bytes:
    """Take the names of erased people out of a line; else leave it byte for byte."""
    changed = without_names(value, people)
    return line if changed == value else json_line.encode(json_line.compact(changed))


def without_names(value: Any, people: Collection[str]) -> Any:
    """Return a JSON value in which erased people have ids, but no names."""
    if isinstance(value, list):
        return [without_names(one, people) for one in value]
    if not isinstance(value, dict):
        return value
    who = raw_id(value.get("participantCommunicationIdentifier")) or raw_id(
        value.get("communicationIdentifier")
    )
    if who in people:
        return {name: one for name, one in value.items() if name in PERSON_FIELDS}
    kept = dict(value)
    if raw_id(value.get("senderCommunicationIdentifier")) in people:
        kept.pop("senderDisplayName", None)
    return {name: without_names(one, people) for name, one in kept.items()}


def without_listed(
    listing: bytes, *, messages: Collection[str], people: Collection[str]
) -> bytes:
    """Return the lines of `listing.jsonl` without what is erased.

    Raises:
        IntegrityError: a line is not one that this product writes.

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
        found = items(value["body"]) if kind == PageKind.MESSAGES else []
        chosen = {one.get("id") for one in found} & set(messages)
        if not chosen:
            return renamed(line, value, people)
        salts = salts_of(value)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError("listing.jsonl holds a line of no known form") from None
    body = {
        **value["body"],
        "value": [
            {name: one[name] for name in ITEM_FIELDS if name in one}
            if isinstance(one, dict) and one.get("id") in messages
            else one
            for one in value["body"]["value"]
        ],
    }
    rest = {name: one for name, one in value.items() if name not in ("salt", "body")}
    # As with events: what a deletion's salt hides is nothing.
    kept = {one["id"] for one in found if item_content(one) is None} | (
        salts.keys() - chosen
    )
    rest["salts"] = {name: one for name, one in salts.items() if name in kept}
    redacted = without_names(rest | {"body": body}, people)
    return json_line.encode(json_line.compact(redacted))
