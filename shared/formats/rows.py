"""Flat rows: per message, per version and per receipt, for tables of every kind.

Every column has one type in every row. An absent value is "", never null, since an
index that merges rows would keep the old value. A lone surrogate, which makes many
readers reject the whole file, becomes the replacement character; `transcript.json` has
it as it was.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.identity import kind_of
from shared.domain.thread.attachments import file_count, recorded_files
from shared.domain.thread.grade import Grade, grade_of
from shared.domain.thread.message import Message, Version
from shared.domain.thread.transcript import Transcript
from shared.formats.names import names

Row = dict[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its type in SQL, and what it means."""

    name: str
    type: str
    meaning: str


TEXT, NUMBER, TRUTH = "VARCHAR", "BIGINT", "BOOLEAN"

MESSAGE_COLUMNS = (
    Column("thread_id", TEXT, "the thread"),
    Column("thread_topic", TEXT, "the thread's topic, or empty"),
    Column("message_id", TEXT, "unique inside its thread; epoch milliseconds"),
    Column("version", NUMBER, "epoch milliseconds of the last change"),
    Column("sequence_id", TEXT, "the service's number; changes with an edit"),
    Column("type", TEXT, "text, html, topicUpdated, participantAdded, …"),
    Column("sender_id", TEXT, "raw id; empty for a system message"),
    Column(
        "sender_kind",
        TEXT,
        "acs_user, teams_user, teams_visitor, …, or empty",
    ),
    Column("sender_name", TEXT, "display name"),
    Column("created_on", TEXT, "RFC 3339, UTC"),
    Column("edited_on", TEXT, "RFC 3339, UTC, or empty"),
    Column("deleted_on", TEXT, "RFC 3339, UTC, or empty"),
    Column("is_edited", TRUTH, "whether it was edited"),
    Column("is_deleted", TRUTH, "whether it was deleted"),
    Column("is_erased", TRUTH, "whether its content was erased on request"),
    Column("content_type", TEXT, "text, html or system"),
    Column("content", TEXT, "the current content; JSON for a system message"),
    Column("attachment_count", NUMBER, "how many files its versions name, in any way"),
    Column("attachments", TEXT, "JSON, or empty"),
    Column("metadata", TEXT, "JSON, or empty"),
    Column("version_count", NUMBER, "how many versions are known"),
    Column("outcome", TEXT, "the result of reconciling"),
    Column("listed", TEXT, "what a listing tells otherwise, JSON, or empty"),
    Column("sources", TEXT, "event, listing, or event+listing"),
    Column("commitment", TEXT, "salted hash of the line that tells it"),
    Column("grade", TEXT, "how far the thread's archive can be relied on"),
    Column("grade_reason", TEXT, "why it is not complete, or empty"),
)
HISTORY_COLUMNS = (
    Column("thread_id", TEXT, "the thread"),
    Column("message_id", TEXT, "unique inside its thread"),
    Column("version", NUMBER, "epoch milliseconds of this change"),
    Column("kind", TEXT, "received, edited or deleted"),
    Column("changed_on", TEXT, "RFC 3339, UTC, or empty"),
    Column("changed_by", TEXT, "raw id, or unknown"),
    Column("type", TEXT, "type of the message then"),
    Column("sender_id", TEXT, "raw id of the message's sender"),
    Column("sender_name", TEXT, "display name"),
    Column("is_erased", TRUTH, "whether its content was erased on request"),
    Column("content_type", TEXT, "text, html or system"),
    Column("content", TEXT, "the content of this version"),
    Column("attachments", TEXT, "JSON, or empty"),
    Column("metadata", TEXT, "JSON, or empty"),
    Column("listed", TEXT, "what a listing tells otherwise, JSON, or empty"),
    Column("sources", TEXT, "event, listing, or event+listing"),
    Column("commitment", TEXT, "salted hash of the line that tells it"),
)
RECEIPT_COLUMNS = (
    Column("thread_id", TEXT, "the thread"),
    Column("reader_id", TEXT, "raw id of who had read so far"),
    Column("reader_name", TEXT, "display name"),
    Column("message_id", TEXT, "up to which message"),
    Column("read_on", TEXT, "RFC 3339, UTC, or empty"),
)
PEOPLE_COLUMNS = (
    Column("sender_known_as", TEXT, "who that was by the directory, or empty"),
    Column("sender_user_id", TEXT, "that person's user id, or empty"),
    Column("sender_mail", TEXT, "that person's mail address, or empty"),
)
"""Of exports from an archive that has a directory of people."""
LONE = re.compile("[\ud800-\udfff]")


def message_rows(transcript: Transcript) -> Iterator[Row]:
    """Yield a row for each message, in its current version."""
    grade, recorded = grade_of(transcript), recorded_files(transcript)
    for message in transcript.messages:
        yield message_row(transcript, message, grade, file_count(message, recorded))


def message_row(
    transcript: Transcript, message: Message, grade: Grade, files: int
) -> Row:
    current = message.current
    content = message.content
    return whole(
        {
            "thread_id": transcript.thread_id,
            "thread_topic": transcript.topic,
            "message_id": message.id,
            "version": current.number,
            "sequence_id": message.sequence_id,
            "type": message.type,
            "sender_id": message.sender_id,
            "sender_kind": kind_of(message.sender_id),
            "sender_name": message.sender_name,
            "created_on": message.created_on,
            "edited_on": message.edited_on,
            "deleted_on": message.deleted_on,
            "is_edited": message.is_edited,
            "is_deleted": message.is_deleted,
            "is_erased": any(version.erased for version in message.versions),
            "content_type": content_type(message, current),
            "content": shown(content),
            "attachment_count": files,
            "attachments": to_json(content.get("attachments")),
            "metadata": to_json(content.get("metadata")),
            "version_count": len(message.versions),
            "outcome": message.outcome,
            "listed": to_json(message.listed),
            "sources": "+".join(current.sources),
            "commitment": current.commitment,
            "grade": grade.name,
            "grade_reason": grade.reason,
        }
    )


def receipt_rows(transcript: Transcript) -> Iterator[Row]:
    """Yield a row for each read receipt."""
    called = names(transcript).by_id
    for receipt in transcript.receipts:
        yield whole(
            {
                "thread_id": transcript.thread_id,
                "reader_id": receipt.reader_id,
                "reader_name": called.get(receipt.reader_id, ""),
                "message_id": receipt.message_id,
                "read_on": receipt.read_on,
            }
        )


def history_rows(transcript: Transcript) -> Iterator[Row]:
    """Yield a row for each version of each message."""
    for message in transcript.messages:
        for version in message.versions:
            yield history_row(transcript.thread_id, message, version)


def history_row(thread_id: str, message: Message, version: Version) -> Row:
    content = version.content or {}
    return whole(
        {
            "thread_id": thread_id,
            "message_id": message.id,
            "version": version.number,
            "kind": version.kind,
            "changed_on": version.on,
            "changed_by": version.by,
            "type": version.type,
            "sender_id": message.sender_id,
            "sender_name": version.sender_name or message.sender_name,
            "is_erased": version.erased,
            "content_type": content_type(message, version),
            "content": shown(content),
            "attachments": to_json(content.get("attachments")),
            "metadata": to_json(content.get("metadata")),
            "listed": to_json(version.listed),
            "sources": "+".join(version.sources),
            "commitment": version.commitment,
        }
    )


def whole(row: Row) -> Row:
    """Return a row that UTF-8 can hold."""
    return {
        name: LONE.sub("\ufffd", value) if isinstance(value, str) else value
        for name, value in row.items()
    }


def content_type(message: Message, version: Version) -> str:
    if message.is_system:
        return "system"
    return "html" if version.is_html else "text"


def shown(content: Mapping[str, Any]) -> str:
    """Return a message's text or HTML, or a system message's facts as JSON."""
    if isinstance(content.get("message"), str):
        return str(content["message"])
    facts = {
        name: content[name]
        for name in ("topic", "participants", "initiatorCommunicationIdentifier")
        if content.get(name)
    }
    return to_json(facts)


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""
