"""Files that messages name: which there are, and the result of fetching each.

Rule 1: a file is identified by its message and its address. It gets a number within its
        message, and the manifest uses only that: name and address are content.
Rule 2: lines are only added. A fetched file is not fetched again; the next revision
        retries what could not be fetched.
Rule 3: a fetched file is stored by its digest in the revision that fetched it; later
        revisions refer to that one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from shared.domain import json_line
from shared.domain.errors import IntegrityError
from shared.domain.log.event import parse_version
from shared.domain.log.record import ERASED, SCHEMA
from shared.domain.thread.attachment import Attachment, Origin
from shared.domain.thread.transcript import Message, Transcript

FILE_SHARING = "fileSharingMetadata"
"""The metadata key under which the ACS UI library shares files, as JSON text."""


def missing_files(transcript: Transcript, *, revision: int) -> Iterator[Attachment]:
    """Yield each file that messages name and the archive lacks, for this revision.

    Erased messages no longer name any.
    """
    known = {
        (attachment.message_id, attachment.url): attachment
        for attachment in transcript.attachments
    }
    counts: dict[str, int] = {}
    for attachment in transcript.attachments:
        counts[attachment.message_id] = max(
            counts.get(attachment.message_id, 0), attachment.number
        )
    for message in transcript.messages:
        for origin, name, url in named_files(message):
            before = known.get((message.id, url))
            if before and (before.is_held or before.revision == revision):
                continue
            if not before:
                counts[message.id] = counts.get(message.id, 0) + 1
            known[message.id, url] = file = Attachment(
                message_id=message.id,
                number=before.number if before else counts[message.id],
                origin=origin,
                name=name,
                url=url,
                revision=revision,
            )
            yield file


def named_files(message: Message) -> Iterator[tuple[Origin, str, str]]:
    """Yield each file that a message's versions name: origin, name and address."""
    for version in message.versions:
        content = version.content or {}
        for attachment in json_line.dicts_in(content.get("attachments")):
            name = attachment.get("name") or attachment.get("id")
            url = address_of(attachment)
            if url is not None:
                yield Origin.ATTACHMENT, str(name or ""), url
        metadata = content.get("metadata")
        for file in shared_files(metadata if isinstance(metadata, dict) else {}):
            url = file.get("url")
            if isinstance(url, str) and url:
                yield Origin.LINK, str(file.get("name") or ""), url


def address_of(attachment: Mapping[str, Any]) -> str | None:
    """Return the address of a listed attachment; None if it has none."""
    url = attachment.get("url") or attachment.get("previewUrl")
    return url if isinstance(url, str) else None


def shared_files(metadata: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the files that metadata names; none if it cannot be read."""
    text = metadata.get(FILE_SHARING)
    try:
        value = json_line.parse(text) if isinstance(text, str) else None
    except ValueError:
        return
    yield from json_line.dicts_in(value)


def encode_attachment(attachment: Attachment) -> bytes:
    """Return the line of `attachments.jsonl` that records one attempt."""
    line = {
        "schema": SCHEMA,
        "message": attachment.message_id,
        "number": attachment.number,
        "origin": attachment.origin,
        "name": attachment.name,
        "url": attachment.url,
        "revision": attachment.revision,
        "fetched_on": attachment.fetched_on,
        "content_type": attachment.content_type,
        "sha256": attachment.sha256,
        "bytes": attachment.bytes,
        "reason": attachment.reason,
        **({ERASED: True} if attachment.erased else {}),
    }
    return json_line.encode(json_line.compact(line) + "\n")


def read_tries(lines: bytes) -> list[Attachment]:
    """Return every attempt in `attachments.jsonl`.

    Raises:
        IntegrityError: a line is in an unknown form.

    """
    try:
        tries = [decode(json_line.parse(line)) for line in lines.splitlines()]
        is_ours = b"".join(map(encode_attachment, tries)) == lines
    except (ValueError, KeyError, TypeError):
        is_ours = False
    if not is_ours:
        raise IntegrityError("attachments.jsonl holds a line of an unknown form")
    return tries


def decode(line: Any) -> Attachment:
    return Attachment(
        message_id=str(line["message"]),
        number=int(line["number"]),
        origin=Origin(line["origin"]),
        name=str(line["name"]),
        url=str(line["url"]),
        revision=int(line["revision"]),
        fetched_on=str(line["fetched_on"]),
        content_type=str(line["content_type"]),
        sha256=str(line["sha256"]),
        bytes=int(line["bytes"]),
        reason=str(line["reason"]),
        erased=bool(line.get(ERASED)),
    )


def read_attachments(lines: bytes) -> tuple[Attachment, ...]:
    """Return each file with the result of its last attempt, in message order."""
    newest = {
        (attempt.message_id, attempt.number): attempt for attempt in read_tries(lines)
    }
    return tuple(sorted(newest.values(), key=place))


def place(attachment: Attachment) -> tuple[int, str, int]:
    return (
        parse_version(attachment.message_id) or 0,
        attachment.message_id,
        attachment.number,
    )


def stored_files(lines: bytes, revision: int) -> dict[str, bool]:
    """Return the digests of the files in a revision, each with whether it was erased.

    A file that two messages name is erased once both are.
    """
    stored: dict[str, bool] = {}
    for attempt in read_tries(lines):
        if attempt.is_held and attempt.revision == revision:
            is_erased = stored.get(attempt.sha256, True) and attempt.erased
            stored[attempt.sha256] = is_erased
    return stored


def redact_attachments(lines: bytes, *, messages: Collection[str]) -> bytes:
    """Return the lines with the files of erased messages redacted (idempotent).

    What remains is what the manifest says as well.
    """
    return b"".join(map(encode_attachment, redacted(read_tries(lines), messages)))


def redacted(
    tries: Iterable[Attachment], messages: Collection[str]
) -> Iterator[Attachment]:
    for attempt in tries:
        if attempt.message_id in messages:
            yield replace(attempt, name="", url="", content_type="", erased=True)
        else:
            yield attempt
