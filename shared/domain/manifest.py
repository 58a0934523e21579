"""The manifest: the small file that commits to every other file of a revision.

`content` is a function of the revision's input alone and has a digest of its own.
`run` says when and by what it was written; nothing else of the archive depends on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.domain import coverage, json_line
from shared.domain.coverage import Covers
from shared.domain.errors import IntegrityError
from shared.domain.evidence import leaves, merkle_root, sha256
from shared.domain.record import SCHEMA
from shared.domain.times import format_time
from shared.domain.transcript import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile:
    """One file of a revision."""

    name: str
    sha256: str
    bytes: int
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest, read back: as much of it as the next revision builds on."""

    revision: int
    files: tuple[ArchiveFile, ...]
    covers: Covers
    sha256: str

    def file(self, name: str) -> ArchiveFile:
        """Give the entry of a file.

        Raises:
            IntegrityError: the manifest names no such file.

        """
        for one in self.files:
            if one.name == name:
                return one
        raise IntegrityError(f"the manifest names no {name}")


def describe(name: str, data: bytes) -> ArchiveFile:
    return ArchiveFile(
        name=name, sha256=sha256(data), bytes=len(data), lines=data.count(b"\n")
    )


def encode_manifest(
    transcript: Transcript,
    *,
    revision: int,
    files: Sequence[ArchiveFile],
    covers: Covers,
    previous: Manifest | None,
    archived_on: datetime,
    archiver_version: str,
) -> bytes:
    """Give the bytes of `manifest.json`."""
    content = {
        "thread_id": transcript.thread_id,
        "revision": revision,
        "previous": previous
        and {"revision": previous.revision, "manifest_sha256": previous.sha256},
        "files": [
            {
                "name": one.name,
                "sha256": one.sha256,
                "bytes": one.bytes,
                "lines": one.lines,
            }
            for one in files
        ],
        "counts": counts(transcript),
        "reconciliation": transcript.outcomes,
        "view": view_json(transcript),
        "covers": coverage.to_json(covers),
        "merkle_root": merkle_root(leaves(transcript)),
    }
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


def counts(transcript: Transcript) -> dict[str, Any]:
    messages = transcript.messages
    times = [one.created_on for one in messages if one.created_on]
    return {
        "messages": len(messages),
        "versions": sum(len(one.versions) for one in messages),
        "edited": sum(1 for one in messages if one.edited_on),
        "deleted": sum(1 for one in messages if one.deleted_on),
        "participants": len(transcript.participants),
        "records": transcript.records.total,
        "duplicate_records": transcript.records.duplicates,
        "unreadable_records": transcript.records.unreadable,
        "first_message_on": times[0] if times else "",
        "last_message_on": times[-1] if times else "",
    }


def view_json(transcript: Transcript) -> dict[str, str]:
    view = transcript.view
    return {
        "sight": view.sight,
        "reader": view.reader,
        "since": view.since,
        "reason": view.reason,
    }


def decode_manifest(data: bytes) -> Manifest:
    """Read a manifest and check it against its own digest.

    Raises:
        IntegrityError: it is not a manifest of this product, or it was changed.

    """
    try:
        value = json_line.parse(data)
        content = value["content"]
        if value["content_sha256"] != sha256(json_line.canonical(content)):
            raise IntegrityError("the manifest does not match its own digest")
        return Manifest(
            revision=content["revision"],
            files=tuple(
                ArchiveFile(
                    name=one["name"],
                    sha256=one["sha256"],
                    bytes=one["bytes"],
                    lines=one["lines"],
                )
                for one in content["files"]
            ),
            covers=coverage.from_json(content["covers"]),
            sha256=sha256(data),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError("the manifest cannot be read") from None


def ledger_line(
    thread_id: str, revision: int, manifest_sha256: str, written_on: datetime
) -> bytes:
    """Give the ledger's line for a revision; one that was removed is then missed."""
    line: Mapping[str, Any] = {
        "schema": SCHEMA,
        "written_on": format_time(written_on),
        "thread_id": thread_id,
        "revision": revision,
        "manifest_sha256": manifest_sha256,
    }
    return json_line.encode(json_line.compact(line) + "\n")
