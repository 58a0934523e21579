"""`<day>.rsmf`: Relativity Short Message Format 2.0, one file per UTC day.

An email with one attachment, `rsmf.zip`, which holds `rsmf_manifest.json`. Its schema
is `http://relativity.com/RSMF/2.0.0/schema.json`. A file has at most 10,000 events. The
zip is not compressed, so that its bytes do not depend on a compressor's version.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from shared.domain.identity import raw_id
from shared.domain.log.event import Kind
from shared.domain.thread.message import Message, Version
from shared.domain.thread.transcript import Transcript
from shared.domain.times import as_moment, format_time, from_milliseconds
from shared.formats.mail import address, days, header, part
from shared.formats.mail import mail as make_mail
from shared.formats.names import Names, names
from shared.formats.one_line import one_line
from shared.formats.part import Options, RenderedFile, made
from shared.formats.plain import (
    attachments,
    describe_move,
    display_text,
    title,
    told_otherwise,
    version_to_read,
)

MOST_EVENTS = 10_000
MANIFEST = "rsmf_manifest.json"
PLATFORM = "azure communication services"
UNKNOWN = "unknown"
TYPES = {"participantAdded": "join", "participantRemoved": "leave"}
GENERATOR = "acs-chat-archiver"
INDENT = "    "


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    called = names(transcript)
    for day, messages in days(transcript):
        events = [
            event
            for message in messages
            for event in events_of(transcript, called, message)
        ]
        for number, start in enumerate(range(0, len(events), MOST_EVENTS), start=1):
            suffix = f".part{number:02d}" if len(events) > MOST_EVENTS else ""
            batch = events[start : start + MOST_EVENTS]
            yield f"{day}{suffix}.rsmf", made(mail, transcript, called, batch)


def mail(transcript: Transcript, called: Names, events: list[dict[str, Any]]) -> bytes:
    custodian = next(iter(transcript.participants), None)
    who = custodian.id if custodian else UNKNOWN
    people = participants(transcript, called, events)
    times = [event["timestamp"] for event in events]
    headers = [
        ("From", address(who, called.of(who))),
        (
            "To",
            ",\r\n ".join(
                address(person["id"], person["display"]) for person in people
            ),
        ),
        ("Subject", header("Subject", title(transcript))),
        ("X-RSMF-Version", "2.0.0"),
        ("X-RSMF-Generator", GENERATOR),
        ("X-RSMF-BeginDate", min(times, key=as_moment)),
        ("X-RSMF-EndDate", max(times, key=as_moment)),
        ("X-RSMF-EventCount", str(len(events))),
        ("X-RSMF-Application", PLATFORM),
        (
            "X-RSMF-EventCollectionID",
            header("X-RSMF-EventCollectionID", transcript.thread_id),
        ),
    ]
    shown = {person["id"]: person["display"] for person in people}
    text = "".join(line(event, shown) for event in events)
    zipped = archive(manifest(transcript, people, events))
    attachment = 'attachment; filename="rsmf.zip"'
    return make_mail(
        headers,
        "multipart/mixed",
        [
            part("text/plain; charset=utf-8", text.encode("utf-8", "replace")),
            part('application/zip; name="rsmf.zip"', zipped, attachment),
        ],
    )


def line(event: dict[str, Any], shown: Mapping[str, str]) -> str:
    """Return an event as text; further lines are indented, as nobody else's."""
    is_said = event["type"] == "message"
    who = f"{shown[event['participant']]}: " if is_said else "* "
    body = event["body"].replace("\n", f"\n{INDENT}")
    return f"{event['timestamp']} {who}{body}\n"


def archive(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, indent=2).encode("utf-8", "replace")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        file.writestr(zipfile.ZipInfo(MANIFEST, (1980, 1, 1, 0, 0, 0)), text)
    return out.getvalue()


def manifest(
    transcript: Transcript, people: list[dict[str, Any]], events: list[dict[str, Any]]
) -> dict[str, Any]:
    conversation = {
        "id": transcript.thread_id,
        "platform": PLATFORM,
        "type": "channel",
        "display": title(transcript),
        "participants": [person["id"] for person in people],
        "custom": custom(
            {
                "acs.view": transcript.listing.visibility,
                "acs.complete": str(transcript.is_complete).lower(),
                "acs.created_on": transcript.created_on,
            }
        ),
    }
    return {
        "version": "2.0.0",
        "eventcollectionid": transcript.thread_id,
        "participants": people,
        "conversations": [conversation],
        "events": events,
    }


def participants(
    transcript: Transcript, called: Names, events: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return all participants of the thread and everybody in these events."""
    ids = {participant.id for participant in transcript.participants}
    ids |= {event["participant"] for event in events}
    return [
        {"id": who, "display": called.of(who) or who, "account_id": who}
        for who in sorted(ids)
    ]


def events_of(
    transcript: Transcript, called: Names, message: Message
) -> Iterator[dict[str, Any]]:
    """Yield the events of a message: one, or one per person who joined or left."""
    base = {
        "id": message.id,
        "conversation": transcript.thread_id,
        "timestamp": message.created_on
        or transcript.created_on
        or "1970-01-01T00:00:00Z",
        "custom": custom(facts(message)),
    }
    if not message.is_system:
        yield base | spoken(message, called)
        return
    listed = message.content.get("participants")
    people = [
        entry for entry in (listed if isinstance(listed, list) else []) if raw(entry)
    ]
    initiator = raw_id(message.content.get("initiatorCommunicationIdentifier"))
    if message.type in TYPES and people:
        for number, joiner in enumerate(people):
            yield base | {
                "type": TYPES[message.type],
                "id": message.id if not number else f"{message.id}.{number}",
                "participant": raw(joiner),
                "body": describe_move(message.type, initiator, [joiner], called),
            }
        return
    yield base | {
        "type": "history" if message.type == "topicUpdated" else "unknown",
        "participant": message.current.by if message.content else UNKNOWN,
        "body": display_text(message, message.current, called),
    }


def raw(entry: Any) -> str:
    return (
        raw_id(entry.get("communicationIdentifier")) if isinstance(entry, dict) else ""
    )


def spoken(message: Message, called: Names) -> dict[str, Any]:
    current = version_to_read(message)
    event: dict[str, Any] = {
        "type": "message",
        "participant": message.sender_id or UNKNOWN,
        "body": display_text(message, current, called),
    }
    if message.is_deleted:
        event["deleted"] = True
    texts = [version for version in message.versions if version.is_known]
    edits = [
        {
            "participant": message.sender_id or UNKNOWN
            if after.by in ("unknown", message.sender_id)
            else after.by,
            "timestamp": after.on or time_of_version(after),
            "previous": display_text(message, before, called),
            "new": display_text(message, after, called),
        }
        for before, after in pairwise(texts)
        if after.kind is Kind.EDITED
    ]
    return event | ({"edits": edits} if edits else {})


def time_of_version(version: Version) -> str:
    """Return the time that a version's number tells: epoch milliseconds."""
    moment = from_milliseconds(version.number)
    return format_time(moment) if moment else "1970-01-01T00:00:00Z"


def facts(message: Message) -> dict[str, str]:
    metadata = message.content.get("metadata")
    more = metadata if isinstance(metadata, dict) else {}
    return {
        "acs.message_id": message.id,
        "acs.version": str(message.current.number),
        "acs.commitment": message.current.commitment,
        "acs.outcome": message.outcome,
        "acs.listed": told_otherwise(message),
        "acs.deleted_on": message.deleted_on,
        "acs.sender_name": one_line(message.sender_name),
        **{
            f"acs.attachment.{number}": file
            for number, file in enumerate(attachments(message), start=1)
        },
        **{f"acs.metadata.{one_line(str(k))}": str(v) for k, v in more.items()},
    }


def custom(values: dict[str, str]) -> list[dict[str, str]]:
    """Return the names and values that are not empty: the schema forbids empty text."""
    return [{"name": name, "value": value} for name, value in values.items() if value]
