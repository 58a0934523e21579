"""Files that messages name: which there are, and the result of fetching each.

Rule 1: a file is identified by its message and its address. It gets a number within its
        message, and the facts hold only that: name and address are content.
Rule 2: lines are only added. A fetched file is not fetched again; what could not be
        fetched is tried again by the next revisions, but not for ever.
Rule 3: a fetched file is stored in the revision that fetched it, under a name that
        its line's salt decides; later revisions refer to that one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.domain import json_line
from shared.domain.errors import IntegrityError
from shared.domain.evidence.lines import InputLine
from shared.domain.log.event import parse_version
from shared.domain.thread.attachment import Attachment, FetchOutcome, Origin
from shared.domain.thread.message import Message
from shared.domain.thread.transcript import Transcript

FILE_SHARING = "fileSharingMetadata"
"""The metadata key under which the ACS UI library shares files, as JSON text."""
IMAGES = "amsreferences"
"""The metadata key that names images of plain ACS chat: their ids, as JSON text."""
MOST_TRIES = 5
IMAGE_ID = re.compile(r"[\w.~=-]{1,200}")


def missing_files(transcript: Transcript, *, revision: int) -> Iterator[Attachment]:
    """Yield each file that messages name and the archive lacks, for this revision.

    Each comes with what was last said of it. Erased messages no longer name any.
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
            if before and (
                before.is_held
                or before.tries >= MOST_TRIES
                or before.revision == revision
            ):
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
                outcome=before.outcome if before else FetchOutcome.UNREACHABLE,
                reason=before.reason if before else "",
                tries=before.tries if before else 0,
            )
            yield file


def named_files(message: Message) -> Iterator[tuple[Origin, str, str]]:
    """Yield each file that a message's versions name: origin, name and address."""
    for version in message.versions:
        content = version.content or {}
        attached = set[str]()
        for attachment in json_line.dicts_in(content.get("attachments")):
            name = attachment.get("name") or attachment.get("id")
            url = address_of(attachment)
            if url is not None:
                attached.add(str(attachment.get("id")))
                yield Origin.ATTACHMENT, str(name or ""), url
        metadata = content.get("metadata")
        if not isinstance(metadata, dict):
            continue
        for image in image_ids(metadata):
            if image in attached:
                continue
            yield Origin.ATTACHMENT, image, image_address(image)
        for file in shared_files(metadata):
            url = file.get("url")
            if isinstance(url, str) and url:
                yield Origin.LINK, str(file.get("name") or ""), url


def recorded_files(transcript: Transcript) -> Mapping[str, int]:
    """Return how many files were looked for, by message; 0 for any other."""
    return Counter(file.message_id for file in transcript.attachments)


def file_count(message: Message, recorded: Mapping[str, int]) -> int:
    """Return how many files a message's versions name, in whatever way.

    What was `recorded` counts too: an erased message no longer names its files.
    """
    named = {url for _, _, url in named_files(message)}
    nowhere = set(files_without_address(message))
    return max(recorded[message.id], len(named) + len(nowhere))


def files_without_address(message: Message) -> Iterator[tuple[Origin, str]]:
    """Yield each file that a message's versions name, but not where it is."""
    for version in message.versions:
        content = version.content or {}
        for attachment in json_line.dicts_in(content.get("attachments")):
            if address_of(attachment) is None:
                name = attachment.get("id") or attachment.get("name")
                yield Origin.ATTACHMENT, str(name or "")
        metadata = content.get("metadata")
        for file in shared_files(metadata) if isinstance(metadata, dict) else ():
            if not (isinstance(file.get("url"), str) and file["url"]):
                yield Origin.LINK, str(file.get("name") or "")


def address_of(attachment: Mapping[str, Any]) -> str | None:
    """Return the address of a listed attachment; None if it has none."""
    url = attachment.get("url") or attachment.get("previewUrl")
    return url if isinstance(url, str) else None


def image_ids(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids of the images that metadata names; none if it cannot be read."""
    for image in listed_in(metadata, IMAGES):
        if isinstance(image, str) and IMAGE_ID.fullmatch(image) and image.strip("."):
            yield image


def image_address(image: str) -> str:
    """Return the address of an image, relative to its thread's."""
    return f"images/{image}/views/original"


def shared_files(metadata: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the files that metadata names; none if it cannot be read."""
    yield from json_line.dicts_in(listed_in(metadata, FILE_SHARING))


def listed_in(metadata: Mapping[str, Any], key: str) -> Sequence[Any]:
    """Return the list that stands under a key as JSON text; an empty one for none."""
    text = metadata.get(key)
    try:
        value = json_line.parse(text) if isinstance(text, str) else None
    except ValueError:
        return ()
    return value if isinstance(value, list) else ()


def content_of(attachment: Attachment) -> bytes:
    """Return the content of the line that records one attempt."""
    content = {
        "message": attachment.message_id,
        "number": attachment.number,
        "name": attachment.name,
        "url": attachment.url,
        "content_type": attachment.content_type,
        "bytes": attachment.bytes,
        "reason": attachment.reason,
    }
    return json_line.encode(json_line.compact(content))


def read_attempt(revision: int, line: InputLine) -> Attachment:
    """Return the attempt on a line of `attachments.jsonl`; of an erased one its facts.

    Raises:
        IntegrityError: the line is in an unknown form.

    """
    facts = line.facts
    try:
        said = {} if line.is_erased else json_line.parse(line.content)
        return Attachment(
            message_id=facts["message"],
            number=facts["number"],
            origin=Origin(facts["origin"]),
            name=str(said.get("name", "")),
            url=str(said.get("url", "")),
            revision=revision,
            fetched_on=facts["received_on"],
            content_type=str(said.get("content_type", "")),
            outcome=FetchOutcome(facts["outcome"]),
            stored=facts.get("stored", ""),
            bytes=int(said.get("bytes", 0)),
            reason=str(said.get("reason", "")),
            erased=line.is_erased,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError(
            "attachments.jsonl holds a line of an unknown form"
        ) from None


def read_attachments(
    lines: Iterable[tuple[int, InputLine]],
) -> tuple[Attachment, ...]:
    """Return each file with the result of its last attempt, in message order.

    Each line comes with the revision that holds it.
    """
    attempts = [read_attempt(revision, line) for revision, line in lines]
    tries = Counter((attempt.message_id, attempt.number) for attempt in attempts)
    newest = {(attempt.message_id, attempt.number): attempt for attempt in attempts}
    return tuple(
        sorted(
            (replace(last, tries=tries[key]) for key, last in newest.items()),
            key=place,
        )
    )


def place(attachment: Attachment) -> tuple[int, str, int]:
    return (
        parse_version(attachment.message_id) or 0,
        attachment.message_id,
        attachment.number,
    )
