"""The manifest: what a revision commits to.

`inputs` commits to every line so far, by file; `files` seals what was rendered. Nothing
in it but seals and roots follows from content: no size and no plain digest. A manifest
is canonical JSON with an LF, and is never changed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.evidence import canonical
from shared.domain.evidence.ledger_lines import revision_line
from shared.domain.evidence.moments import is_given_time
from shared.domain.evidence.seals import SealedFile, files_json, files_of
from shared.domain.evidence.shapes import (
    exactly,
    has_shape,
    is_count,
    is_digest,
    is_digest_or_none,
    is_line,
    is_number,
    is_random,
    one_of,
)
from shared.domain.evidence.words import GRADE_REASONS, GRADES, INPUT_FILES

FORMAT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRoot:
    """A file of the input: its first line in this revision, lines and root so far."""

    file: str
    first: int
    lines: int
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """How many records of a log segment are in, and when that segment was created."""

    records: int
    created_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest. `previous` is the SHA-256 of the one before; "" and 0 for none."""

    thread_id: str
    thread_key: str
    revision: int
    previous_revision: int
    previous: str
    inputs: tuple[InputRoot, ...]
    files: tuple[SealedFile, ...]
    covers: Mapping[str, Cover]
    grade: str
    grade_reason: str
    written_on: str
    archiver_version: str

    @property
    def stored(self) -> bytes:
        """The bytes of `manifest.json`."""
        value = {
            "format": FORMAT,
            "thread_id": self.thread_id,
            "thread_key": self.thread_key,
            "revision": self.revision,
            "previous": {"revision": self.previous_revision, "manifest": self.previous},
            "inputs": [
                {
                    "file": entry.file,
                    "first": entry.first,
                    "lines": entry.lines,
                    "root": entry.root,
                }
                for entry in self.inputs
            ],
            "files": files_json(self.files),
            "covers": {
                name: {"records": cover.records, "created_on": cover.created_on}
                for name, cover in self.covers.items()
            },
            "grade": self.grade,
            "grade_reason": self.grade_reason,
            "written_on": self.written_on,
            "archiver_version": self.archiver_version,
        }
        return canonical.encode(value) + b"\n"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.stored).hexdigest()

    @property
    def ledger_line(self) -> bytes:
        """The revision's line of the ledger, with its LF."""
        return revision_line(self.thread_key, self.revision, self.digest)


def is_previous(value: Any) -> bool:
    if not has_shape(value, {"revision": is_count, "manifest": is_digest_or_none}):
        return False
    return bool((value["revision"] == 0) == (value["manifest"] == ""))


INPUT_SHAPE = {
    "file": one_of(*INPUT_FILES),
    "first": is_count,
    "lines": is_count,
    "root": is_digest,
}


def is_inputs(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    if not all(has_shape(entry, INPUT_SHAPE) for entry in value):
        return False
    in_order = tuple(entry["file"] for entry in value) == INPUT_FILES
    return in_order and all(entry["first"] <= entry["lines"] for entry in value)


COVER_SHAPE = {"records": is_count, "created_on": is_given_time}


def is_covers(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return all(has_shape(cover, COVER_SHAPE) for cover in value.values())


SHAPE = {
    "format": exactly(FORMAT),
    "thread_id": is_line,
    "thread_key": is_random,
    "revision": is_number,
    "previous": is_previous,
    "inputs": is_inputs,
    "files": lambda value: isinstance(value, list),
    "covers": is_covers,
    "grade": one_of(*GRADES),
    "grade_reason": one_of(*GRADE_REASONS),
    "written_on": is_given_time,
    "archiver_version": is_line,
}


def decode_manifest(data: bytes) -> Manifest:
    """Return the manifest in its bytes.

    Raises:
        ValueError: they are not the encoding of a manifest.

    """
    if not data.endswith(b"\n"):
        raise ValueError("it has no LF at its end")
    value = canonical.decode(data[:-1])
    if not has_shape(value, SHAPE):
        raise ValueError("not a manifest")
    del value["format"]
    before = value.pop("previous")
    return Manifest(
        **value
        | {
            "previous_revision": before["revision"],
            "previous": before["manifest"],
            "inputs": tuple(InputRoot(**entry) for entry in value["inputs"]),
            "files": files_of(value["files"]),
            "covers": {name: Cover(**cover) for name, cover in value["covers"].items()},
        }
    )
