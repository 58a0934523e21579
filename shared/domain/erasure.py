"""Erasure: content, salt and names go for good; commitments, and so every proof, stay.

Rule 1: a message is erased in all its versions, also those that are told later.
Rule 2: what stays of it is what its leaves commit to, and where it stood.
Rule 3: erasing line by line, by ids alone, so that it is the same in every revision.
Rule 4: a page's salt would give an erased message's away: it is replaced by the salts
        of the page's other messages.
Rule 5: what cannot be read cannot be told apart from what is to be erased, and goes.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shared.domain import json_line
from shared.domain.errors import IntegrityError, InvalidEvent
from shared.domain.event import ChatEvent, Kind, interpret, raw_id
from shared.domain.ledger import LineKind, encode_line
from shared.domain.listing import PageKind, items, salts_of
from shared.domain.manifest import (
    ArchiveFile,
    Manifest,
    file_from_json,
    file_json,
)
from shared.domain.record import ERASED, SCHEMA, is_erased, parse_or_none, pieces
from shared.domain.replay import VersionKey, item_content
from shared.domain.transcript import Message, Outcome, Transcript

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who had what erased in one thread, when, and why."""

    erased_on: str
    by: str
    reason: str
    participant: str
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasures:
    """Everything that was erased of one revision, and what its files are since.

    `outcomes` are what reconciling had said of the messages, which without content it
    could not say again. `files` are those that differ from the manifest. Both are empty
    where the revision was written without what is erased.
    """

    thread_id: str
    revision: int
    orders: tuple[Order, ...] = ()
    versions: Mapping[VersionKey, str] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    files: tuple[ArchiveFile, ...] = ()

    @property
    def messages(self) -> frozenset[str]:
        return frozenset(one for order in self.orders for one in order.messages)

    @property
    def people(self) -> frozenset[str]:
        return frozenset(order.participant for order in self.orders) - {""}

    def inherited(self, revision: int) -> "Erasures":
        """Give what of it holds for a revision that is only being made."""
        return replace(self, revision=revision, outcomes={}, files=())

    def ordered(self, order: Order, before: Transcript) -> "Erasures":
        """Give it with one more order for the revision that `before` is of."""
        outcomes = {
            one.id: one.outcome for one in before.messages if one.id in order.messages
        }
        return replace(
            self,
            orders=(*self.orders, order),
            outcomes={**outcomes, **self.outcomes},
        )

    def current(self, manifest: Manifest) -> tuple[ArchiveFile, ...]:
        """Give what the revision's files are now, without `erasures.json`."""
        changed = {one.name: one for one in self.files}
        return tuple(changed.get(one.name, one) for one in manifest.files)


def encode_erasures(erasures: Erasures) -> bytes:
    """Give the bytes of `erasures.json`."""
    document = {
        "schema": SCHEMA,
        "thread_id": erasures.thread_id,
        "revision": erasures.revision,
        "orders": [
            {
                "erased_on": one.erased_on,
                "by": one.by,
                "reason": one.reason,
                "participant": one.participant,
                "messages": list(one.messages),
            }
            for one in erasures.orders
        ],
        "versions": [
            {
                "message": message,
                "version": str(number),
                "kind": kind,
                "commitment": commitment,
            }
            for (message, number, kind), commitment in sorted(erasures.versions.items())
        ],
        "outcomes": dict(sorted(erasures.outcomes.items())),
        "files": [file_json(one) for one in erasures.files],
    }
    return json_line.encode(json_line.pretty(document))


def decode_erasures(data: bytes) -> Erasures:
    """Read `erasures.json`.

    Raises:
        IntegrityError: it is not one that this product writes.

    """
    try:
        value = json_line.parse(data)
        if value["schema"] != SCHEMA:
            raise IntegrityError("erasures.json is of an unknown schema")
        erasures = Erasures(
            thread_id=str(value["thread_id"]),
            revision=int(value["revision"]),
            orders=tuple(
                Order(
                    erased_on=str(one["erased_on"]),
                    by=str(one["by"]),
                    reason=str(one["reason"]),
                    participant=str(one["participant"]),
                    messages=tuple(map(str, one["messages"])),
                )
                for one in value["orders"]
            ),
            versions={
                (str(one["message"]), int(one["version"]), str(one["kind"])): str(
                    one["commitment"]
                )
                for one in value["versions"]
            },
            outcomes={
                str(message): Outcome(outcome)
                for message, outcome in value["outcomes"].items()
            },
            files=tuple(map(file_from_json, value["files"])),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError("erasures.json cannot be read") from None
    if encode_erasures(erasures) != data:
        raise IntegrityError("erasures.json is not of the form that is written")
    return erasures


def erasure_line(erasures: Erasures, digest: str) -> bytes:
    """Give the ledger's line for the newest order of a revision's erasures."""
    newest = erasures.orders[-1]
    facts = {
        "thread_id": erasures.thread_id,
        "revision": erasures.revision,
        "orders": len(erasures.orders),
        "erasures_sha256": digest,
        "erased_on": newest.erased_on,
        "by": newest.by,
        "reason": newest.reason,
    }
    return encode_line(LineKind.ERASURE, facts)


def chosen_by(
    transcript: Transcript, *, participant: str, messages: Collection[str]
) -> set[str]:
    """Give the ids of the messages to erase: by id, by sender, or naming somebody."""
    return {
        one.id
        for one in transcript.messages
        if one.id in messages
        or (participant and participant in (one.sender_id, *people_in(one)))
    }


def people_in(message: Message) -> Iterable[str]:
    """Give whom a system message names with their display names."""
    people = message.content.get("participants")
    for one in people if isinstance(people, list) else ():
        if isinstance(one, dict):
            yield raw_id(one.get("communicationIdentifier"))


def newly_erased(
    transcript: Transcript, messages: Collection[str]
) -> dict[VersionKey, str]:
    """Give the commitments of the chosen messages' contents that are still there."""
    return {
        (message.id, version.number, str(version.kind)): version.commitment
        for message in transcript.messages
        if message.id in messages
        for version in message.versions
        if version.content is not None
    }


def without(
    events: bytes, *, messages: Collection[str], people: Collection[str]
) -> bytes:
    """Give the lines of `events.jsonl` without what is erased."""
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
    """Give the lines of `quarantine.jsonl` without what may be erased."""
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
    """Give a JSON value in which erased people have ids, but no names."""
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
    """Give the lines of `listing.jsonl` without what is erased.

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
