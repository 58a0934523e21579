"""The manifest: the small file that commits to every other file of a revision.

`content` is a function of the revision's input alone and has a digest of its own.
`run` says when and by which version it was written; nothing else depends on it.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.domain import json_line
from shared.domain.archive.evidence import leaves, merkle_root
from shared.domain.errors import IntegrityError
from shared.domain.log import coverage
from shared.domain.log.commitment import sha256
from shared.domain.log.coverage import Covers
from shared.domain.log.record import SCHEMA
from shared.domain.thread.attachment import Attachment
from shared.domain.thread.transcript import Gap, Transcript
from shared.domain.times import format_time

FILE_NAME = re.compile(r"(?:attachments/)?[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile:
    """One file of a revision."""

    name: str
    sha256: str
    bytes: int
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest, read back, as far as other modules need it.

    `previous` is the previous revision and the digest of its manifest; None for the
    first. `content` is everything that `content_sha256` covers.
    """

    thread_id: str
    revision: int
    previous: tuple[int, str] | None
    files: tuple[ArchiveFile, ...]
    covers: Covers
    merkle_root: str
    archived_on: str
    content: Mapping[str, Any]
    sha256: str


def file_named(files: Sequence[ArchiveFile], name: str) -> ArchiveFile:
    """Return the entry of a file.

    Raises:
        IntegrityError: the manifest does not name such a file.

    """
    for file in files:
        if file.name == name:
            return file
    raise IntegrityError(f"the manifest does not name {name}")


def describe(name: str, data: bytes) -> ArchiveFile:
    description = Description(name)
    description.add(data)
    return description.file


class Description:
    """Describes a file while it is written, so that it need not be held in memory."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.digest = hashlib.sha256()
        self.bytes = self.lines = 0

    def add(self, part: bytes) -> None:
        self.digest.update(part)
        self.bytes += len(part)
        self.lines += part.count(b"\n")

    def passing(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """Yield each part after adding it."""
        for part in parts:
            self.add(part)
            yield part

    @property
    def file(self) -> ArchiveFile:
        """The description of the bytes added so far."""
        return ArchiveFile(
            name=self.name,
            sha256=self.digest.hexdigest(),
            bytes=self.bytes,
            lines=self.lines,
        )


def content_of(
    transcript: Transcript,
    *,
    revision: int,
    files: Sequence[ArchiveFile],
    covers: Covers,
    previous: tuple[int, str] | None,
) -> dict[str, Any]:
    """Return what a manifest says of a revision: a function of its input (P5)."""
    attachments = [attachment_json(attachment) for attachment in transcript.attachments]
    return {
        "thread_id": transcript.thread_id,
        "revision": revision,
        "previous": previous
        and {"revision": previous[0], "manifest_sha256": previous[1]},
        "files": [file_json(file) for file in files],
        "counts": counts(transcript),
        "reconciliation": transcript.outcomes,
        "complete": transcript.is_complete,
        "view": listing_json(transcript),
        "gaps": [gap_json(gap) for gap in transcript.gaps],
        **({"attachments": attachments} if attachments else {}),
        "covers": coverage.to_json(covers),
        "merkle_root": merkle_root(leaves(transcript)),
    }


def encode_manifest(
    content: Mapping[str, Any], *, archived_on: datetime, archiver_version: str
) -> bytes:
    """Return the bytes of `manifest.json`."""
    manifest = {
        "schema": SCHEMA,
        "content": content,
        "content_sha256": sha256(json_line.canonical(content)),
        "run": {
            "archived_on": format_time(archived_on),
            "archiver_version": archiver_version,
        },
    }
    return json_line.encode(json_line.pretty(manifest))


def file_json(file: ArchiveFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "sha256": file.sha256,
        "bytes": file.bytes,
        "lines": file.lines,
    }


def file_from_json(value: Mapping[str, Any]) -> ArchiveFile:
    """Read the entry of a file.

    Raises:
        KeyError, TypeError, ValueError: it is not in the form that this product writes.

    """
    name = value["name"]
    if not isinstance(name, str) or not FILE_NAME.fullmatch(name):
        raise ValueError("not the name of a file")
    return ArchiveFile(
        name=name,
        sha256=str(value["sha256"]),
        bytes=int(value["bytes"]),
        lines=int(value["lines"]),
    )


def counts(transcript: Transcript) -> dict[str, Any]:
    tally, records = transcript.tally.baseline, transcript.records
    return {
        "messages": len(transcript.messages),
        "versions": tally.versions,
        "edited": tally.edited,
        "deleted": tally.deleted,
        "participants": len(transcript.participants),
        "records": records.total,
        "duplicate_records": records.duplicates,
        "late_records": records.late,
        "unreadable_records": records.unreadable,
        "quarantined_records": records.quarantined,
        "first_message_on": tally.first_on,
        "last_message_on": tally.last_on,
    }


def listing_json(transcript: Transcript) -> dict[str, str]:
    listing = transcript.listing
    return {
        "sight": listing.visibility,
        "reader": listing.reader,
        "since": listing.since,
        "reason": listing.reason,
    }


def attachment_json(attachment: Attachment) -> dict[str, Any]:
    """Return the facts of an attachment that an erasure leaves in place."""
    return {
        "message": attachment.message_id,
        "number": attachment.number,
        "origin": attachment.origin,
        "revision": attachment.revision,
        "sha256": attachment.sha256,
        "bytes": attachment.bytes,
        "reason": attachment.reason,
    }


def gap_json(gap: Gap) -> dict[str, str]:
    return {
        "kind": gap.kind,
        "since": gap.since,
        "until": gap.until,
        "reason": gap.reason,
    }


def decode_manifest(data: bytes) -> Manifest:
    """Read a manifest and check it against its own digest.

    Raises:
        IntegrityError: it is not in the form that this product writes, or was changed.

    """
    try:
        value = json_line.parse(data)
        content = value["content"]
        if value["schema"] != SCHEMA:
            raise IntegrityError("the manifest has an unknown schema")
        if value["content_sha256"] != sha256(json_line.canonical(content)):
            raise IntegrityError("the manifest does not match its own digest")
        before = content["previous"]
        return Manifest(
            thread_id=str(content["thread_id"]),
            revision=int(content["revision"]),
            previous=before
            and (int(before["revision"]), str(before["manifest_sha256"])),
            files=tuple(map(file_from_json, content["files"])),
            covers=coverage.from_json(content["covers"]),
            merkle_root=str(content["merkle_root"]),
            archived_on=str(value["run"]["archived_on"]),
            content=content,
            sha256=sha256(data),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError("the manifest cannot be read") from None
