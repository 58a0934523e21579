"""`messages.csv`: one row per message, its current version. RFC 4180, UTF-8, CRLF.

A spreadsheet runs a cell that begins with = + - @ (or a tab or carriage return before
one) as a formula. Such a cell, and one that begins with an apostrophe, gets an
apostrophe in front; taking one leading apostrophe off any cell undoes it exactly.
"""

import csv
import io
import json

from shared.domain.transcript import Message, Transcript

COLUMNS = (
    "thread_id",
    "message_id",
    "version",
    "sequence_id",
    "type",
    "sender_id",
    "sender_name",
    "created_on",
    "edited_on",
    "deleted_on",
    "is_edited",
    "is_deleted",
    "content",
    "attachments",
    "metadata",
    "version_count",
    "outcome",
)
NEUTRALISED = tuple("=+-@\t\r'")


def write(transcript: Transcript) -> bytes:
    out = io.StringIO(newline="")
    rows = csv.writer(out, quoting=csv.QUOTE_ALL)
    rows.writerow(COLUMNS)
    for message in transcript.messages:
        rows.writerow(map(neutralise, row(transcript.thread_id, message)))
    # A lone surrogate has no place in UTF-8; the replacement character says so.
    return out.getvalue().encode("utf-8", "replace")


def row(thread_id: str, message: Message) -> tuple[str, ...]:
    content = message.content
    return (
        thread_id,
        message.id,
        str(message.current.number),
        message.sequence_id,
        message.type,
        message.sender_id,
        message.sender_name,
        message.created_on,
        message.edited_on,
        message.deleted_on,
        truth(message.edited_on),
        truth(message.deleted_on),
        shown(message),
        to_json(content.get("attachments")),
        to_json(content.get("metadata")),
        str(len(message.versions)),
        message.outcome,
    )


def shown(message: Message) -> str:
    """Give what stands in the thread: text or html, or a system message's facts."""
    content = message.content
    if isinstance(content.get("message"), str):
        return str(content["message"])
    facts = {
        name: content[name]
        for name in ("topic", "participants", "initiatorCommunicationIdentifier")
        if content.get(name)
    }
    return to_json(facts)


def truth(value: str) -> str:
    return "true" if value else "false"


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""


def neutralise(cell: str) -> str:
    return f"'{cell}" if cell.startswith(NEUTRALISED) else cell
