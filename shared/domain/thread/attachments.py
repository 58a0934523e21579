"""Files that messages name: which there are, and what became of fetching each.

Rule 1: a file is known by its message and its address. It gets a number in its message,
        which is all that the manifest says of it: name and address are content.
Rule 2: lines are only added. What was fetched is not fetched again; what was not is
        tried again by the next revision.
Rule 3: a fetched file stands in the revision that fetched it, by its digest; later
        revisions name that one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from shared.domain import json_line
from shared.domain.errors import IntegrityError
from shared.domain.log.event import parse_version
from shared.domain.log.record import ERASED, SCHEMA
from shared.domain.thread.transcript import Attachment, Message, Origin, Transcript

FILE_SHARING = "fileSharingMetadata"
"""The key of the metadata under which the ACS UI library shares files, as JSON text."""


def missing_files(transcript: Transcript, *, revision: int) -> Iterator[Attachment]:
    """Yield each file that messages name and that is not held, as `revision` tries it.

    Erased messages name none any more.
    """
    known = {(one.message_id, one.url): one for one in transcript.attachments}
    counts: dict[str, int] = {}
    for one in transcript.attachments:
        counts[one.message_id] = max(counts.get(one.message_id, 0), one.number)
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
    """Yield what a message's versions name: where, the file's name, its address."""
    for version in message.versions:
        content = version.content or {}
        for one in dicts_in(content.get("attachments")):
            name = one.get("name") or one.get("id")
            url = address_of(one)
            if url is not None:
                yield Origin.ATTACHMENT, str(name or ""), url
        metadata = content.get("metadata")
        for one in shared_files(metadata if isinstance(metadata, dict) else {}):
            url = one.get("url")
            if isinstance(url, str) and url:
                yield Origin.LINK, str(one.get("name") or ""), url


def address_of(attachment: Mapping[str, Any]) -> str | None:
    """Return the address of an attachment in a listing; None where it is no text."""
    url = attachment.get("url") or attachment.get("previewUrl")
    return url if isinstance(url, str) else None


def shared_files(metadata: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the files that metadata names; what cannot be read names none."""
    text = metadata.get(FILE_SHARING)
    try:
        value = json_line.parse(text) if isinstance(text, str) else None
    except ValueError:
        return
    yield from dicts_in(value)


def dicts_in(value: Any) -> Iterator[Mapping[str, Any]]:
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            yield one


def encode_attachment(attachment: Attachment) -> bytes:
    """Return the line of `attachments.jsonl` that tells of one try."""
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
    """Read `attachments.jsonl`, every try of it.

    Raises:
        IntegrityError: a line is not one that this product writes.

    """
    try:
        tries = [decode(json_line.parse(line)) for line in lines.splitlines()]
        is_ours = b"".join(map(encode_attachment, tries)) == lines
    except (ValueError, KeyError, TypeError):
        is_ours = False
    if not is_ours:
        raise IntegrityError("attachments.jsonl holds a line of no known form")
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
    """Return each file with what the last try came to, in the order of messages."""
    newest = {(one.message_id, one.number): one for one in read_tries(lines)}
    return tuple(sorted(newest.values(), key=place))


def place(one: Attachment) -> tuple[int, str, int]:
    return parse_version(one.message_id) or 0, one.message_id, one.number


def stored_files(lines: bytes, revision: int) -> dict[str, bool]:
    """Return the names of the files in a revision, each with whether it was erased.

    A file that two messages name is erased when both are.
    """
    stored: dict[str, bool] = {}
    for one in read_tries(lines):
        if one.is_held and one.revision == revision:
            is_erased = stored.get(one.sha256, True) and one.erased
            stored[one.sha256] = is_erased
    return stored


def without_attached(lines: bytes, *, messages: Collection[str]) -> bytes:
    """Return the lines without what tells of erased messages' files (idempotent).

    What stays is what the manifest says too.
    """
    return b"".join(map(encode_attachment, redacted(read_tries(lines), messages)))


def redacted(
    tries: Iterable[Attachment], messages: Collection[str]
) -> Iterator[Attachment]:
    for one in tries:
        if one.message_id in messages:
            yield replace(one, name="", url="", content_type="", erased=True)
        else:
            yield one
