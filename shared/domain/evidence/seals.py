"""Seals: they tell whoever has the whole input whether a rendered file is the same.

seal = SHA-256(key ‖ SHA-256(bytes)), key = SHA-256(name ‖ all salts of the input that
are left), revision by revision, in each: events, listing, quarantine, attachments.
Once a line is erased its salt is gone, and nobody can try out what the file may have
said.
"""

import hashlib
from dataclasses import dataclass

from shared.domain.evidence import canonical
from shared.domain.evidence.shapes import has_shape, is_file_name, is_line
from shared.domain.evidence.words import INPUT_FILES


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A rendered file; `renderer` names the version of the code that rendered it."""

    name: str
    renderer: str
    seal: str


def seal_of(name: str, salts: bytes, digest: bytes) -> str:
    """Return the seal, hex, of a file. `digest` is the SHA-256 of its bytes.

    `salts` are those that are left, in the order of the input, up to the revision.
    """
    key = hashlib.sha256(name.encode() + salts).digest()
    return hashlib.sha256(key + digest).hexdigest()


def sha256_of(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def seal_file(name: str, renderer: str, salts: bytes, data: bytes) -> SealedFile:
    seal = seal_of(name, salts, sha256_of(data))
    return SealedFile(name=name, renderer=renderer, seal=seal)


def files_json(files: tuple[SealedFile, ...]) -> list[dict[str, str]]:
    return [
        {"name": file.name, "renderer": file.renderer, "seal": file.seal}
        for file in files
    ]


SHAPE = {
    "name": is_file_name,
    "renderer": is_line,
    "seal": lambda value: (
        isinstance(value, str) and canonical.DIGEST.fullmatch(value) is not None
    ),
}

RESERVED = frozenset(("manifest.json", *(f"{file}.jsonl" for file in INPUT_FILES)))
"""Names of a revision's files that no rendered file has."""


def files_of(value: object) -> tuple[SealedFile, ...]:
    """Return the files in a list of a manifest or of an order, each name once.

    Raises:
        ValueError: it is not such a list.

    """
    if not isinstance(value, list) or not all(has_shape(file, SHAPE) for file in value):
        raise ValueError("not a list of sealed files")
    names = [file["name"] for file in value]
    if names != sorted(set(names)) or not RESERVED.isdisjoint(names):
        raise ValueError("the files are not in the order of their names")
    return tuple(SealedFile(**file) for file in value)
