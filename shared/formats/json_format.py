"""`transcript.json`: one document with all that is known of a thread, counts last."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from shared.domain import json_line
from shared.domain.log.record import SCHEMA
from shared.domain.thread.attachment import Attachment
from shared.domain.thread.grade import grade_of
from shared.domain.thread.message import Message, Version
from shared.domain.thread.receipts import Receipt
from shared.domain.thread.transcript import Change, Gap, Participant, Transcript
from shared.formats.part import Options, RenderedFile

ITEMS_PER_PART = 200
"""Items of a list that are encoded together."""


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "transcript.json", parts(transcript)


def parts(transcript: Transcript) -> Iterator[bytes]:
    grade = grade_of(transcript)
    head = {
        "schema": SCHEMA,
        "thread_id": transcript.thread_id,
        "topic": transcript.topic,
        "created_on": transcript.created_on,
        "created_by": transcript.created_by,
        "deleted_on": transcript.deleted_on,
        "deleted_by": transcript.deleted_by,
        "metadata": transcript.metadata,
        "retention_policy": transcript.retention_policy,
        "grade": grade.name,
        "grade_reason": grade.reason,
        "listing": listing_json(transcript),
        "gaps": [gap_json(gap) for gap in transcript.gaps],
        "topics": [
            change_json(change)
            | {
                "topic": change.topic,
                "metadata": change.metadata,
                "erased": change.erased,
            }
            for change in transcript.topics
        ],
        "participants": [
            participant_json(participant) for participant in transcript.participants
        ],
    }
    attachments = [attachment_json(attachment) for attachment in transcript.attachments]
    tail = {
        **({"attachments": attachments} if attachments else {}),
        "read_receipts": [receipt_json(receipt) for receipt in transcript.receipts],
        "extra": transcript.extra,
        "reconciliation": transcript.outcomes,
        "message_count": len(transcript.messages),
    }
    yield from with_list(head, "messages", map(message_json, transcript.messages), tail)


def attachment_json(attachment: Attachment) -> dict[str, Any]:
    return {
        "message_id": attachment.message_id,
        "number": attachment.number,
        "origin": attachment.origin,
        "revision": attachment.revision,
        "outcome": attachment.outcome,
        "stored": attachment.stored,
        "bytes": attachment.bytes,
        "reason": attachment.reason,
        "tries": attachment.tries,
        "name": attachment.name,
        "url": attachment.url,
        "content_type": attachment.content_type,
        "fetched_on": attachment.fetched_on,
        "erased": attachment.erased,
    }


def listing_json(transcript: Transcript) -> dict[str, str]:
    listing = transcript.listing
    return {
        "visibility": listing.visibility,
        "reader": listing.reader,
        "since": listing.since,
        "reason": listing.reason,
        "api_version": listing.api_version,
        "refused_version": listing.refused_version,
        "no_receipts": listing.no_receipts,
    }


def gap_json(gap: Gap) -> dict[str, str]:
    return {
        "kind": gap.kind,
        "since": gap.since,
        "until": gap.until,
        "reason": gap.reason,
    }


def participant_json(participant: Participant) -> dict[str, Any]:
    return {
        "id": participant.id,
        "display_name": participant.display_name,
        "identifier": participant.identifier,
        "present": participant.present,
        "share_history_time": participant.share_history_time,
        "history": [change_json(change) for change in participant.history],
        "metadata": participant.metadata,
        "extra": participant.extra,
    }


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    return {
        "reader_id": receipt.reader_id,
        "message_id": receipt.message_id,
        "read_on": receipt.read_on,
        "extra": receipt.extra,
    }


def change_json(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "on": change.on,
        "by": change.by,
        "extra": change.extra,
    }


def message_json(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "type": message.type,
        "sender": {
            "id": message.sender_id,
            "display_name": message.sender_name,
            "identifier": message.sender,
        },
        "sequence_id": message.sequence_id,
        "created_on": message.created_on,
        "edited_on": message.edited_on,
        "deleted_on": message.deleted_on,
        "outcome": message.outcome,
        "versions": [version_json(message, version) for version in message.versions],
    }


def version_json(message: Message, version: Version) -> dict[str, Any]:
    own = {
        name: value
        for name, value, usual in (
            ("type", version.type, message.type),
            ("sender_name", version.sender_name, message.sender_name),
        )
        if value != usual and value
    }
    return {
        "version": str(version.number),
        "kind": version.kind,
        "on": version.on,
        "by": version.by,
        "sources": list(version.sources),
        "erased": version.erased,
        "content": version.content,
        "lines": list(version.lines),
        "commitment": version.commitment,
        "extra": version.extra,
        **own,
        **({"listed": version.listed} if version.listed else {}),
    }


def with_list(
    head: dict[str, Any], name: str, items: Iterable[Any], tail: dict[str, Any]
) -> Iterator[bytes]:
    """Yield a document with one long list, as `json_line.pretty` writes it.

    In parts: what precedes the list, the list called `name`, and what follows it.
    """
    yield json_line.encode(json_line.pretty(head).removesuffix("\n}\n"))
    yield f',\n  "{name}": ['.encode()
    mark, left = "\n", iter(items)
    while batch := [indented(item) for item in islice(left, ITEMS_PER_PART)]:
        yield json_line.encode(mark + ",\n".join(batch))
        mark = ",\n"
    end = "]" if mark == "\n" else "\n  ]"
    rest = json_line.pretty(tail).removeprefix("{") if tail else "\n}\n"
    yield json_line.encode(f"{end}{',' if tail else ''}{rest}")


def indented(value: Any) -> str:
    """Return a value as it is written two levels deep."""
    text = json_line.pretty(value).removesuffix("\n")
    return "    " + text.replace("\n", "\n    ")
