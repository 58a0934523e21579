"""`request.json`: what a package was made of, and the files of its own that it holds.

A recorded package has a line in the ledger with the digest of this file, and its ledger
ends there. One that is not recorded proves nothing about threads that it does not hold.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.evidence import canonical
from shared.domain.evidence.ledger_lines import LineKind, encode_line
from shared.domain.evidence.shapes import (
    exactly,
    has_shape,
    is_digest,
    is_random,
    is_sorted_texts,
    is_texts,
)

FORMAT = 2
OWN_FILE = re.compile(
    r"(?!archive/)(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*"
)
"""The path of a file of the package; it never leads out of it, or into the archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRequest:
    """What `request.json` says. `files` are digests by path, `threads` are ids."""

    random: str
    recorded: bool
    threads: tuple[str, ...]
    filters: tuple[str, ...]
    files: Mapping[str, str]

    @property
    def stored(self) -> bytes:
        value = {
            "format": FORMAT,
            "random": self.random,
            "recorded": self.recorded,
            "threads": list(self.threads),
            "filters": list(self.filters),
            "files": dict(self.files),
        }
        return canonical.encode(value) + b"\n"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.stored).hexdigest()

    @property
    def ledger_line(self) -> bytes:
        """The package's line of the ledger, with its LF."""
        members = {"random": self.random, "request": self.digest}
        return encode_line(LineKind.PACKAGE, "", members)


def is_files(value: Any) -> bool:
    if not isinstance(value, dict) or not all(map(is_digest, value.values())):
        return False
    return all(OWN_FILE.fullmatch(path) for path in value) and (
        "request.json" not in value
    )


SHAPE = {
    "format": exactly(FORMAT),
    "random": is_random,
    "recorded": lambda value: isinstance(value, bool),
    "threads": is_sorted_texts,
    "filters": is_texts,
    "files": is_files,
}


def decode_request(data: bytes) -> PackageRequest:
    """Return what `request.json` says.

    Raises:
        ValueError: it is not its own encoding.

    """
    if not data.endswith(b"\n"):
        raise ValueError("it has no LF at its end")
    value = canonical.decode(data[:-1])
    if not has_shape(value, SHAPE):
        raise ValueError("not the request of a package")
    return PackageRequest(
        random=value["random"],
        recorded=value["recorded"],
        threads=tuple(value["threads"]),
        filters=tuple(value["filters"]),
        files=value["files"],
    )
