"""A list of what has to be found elsewhere, as long as an archive is large."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Tick(StrEnum):
    """What became of looking for an entry."""

    FOUND = "found"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A revision of the archive, and what the ledger has to say of it.

    `erasures` and `erasures_sha256` tell how many orders were carried out after the
    revision was written, and the digest of `erasures.json` since; 0 and "" for none.
    """

    manifest: str
    line_sha256: str
    erasures: int = 0
    erasures_sha256: str = ""


class Checklist(Protocol):
    """Entries by the path of their manifest. Memory does not grow with their number."""

    def add(self, entry: Entry) -> None: ...

    def tick(self, manifest: str, line_sha256: str) -> Tick:
        """Tick a revision off that the ledger has a line for."""
        ...

    def tick_erasure(self, manifest: str, erasures: int, sha256: str) -> None:
        """Note a line of the ledger about an erasure; the highest number counts."""
        ...

    def unticked(self) -> Iterator[str]:
        """Give the manifests that the ledger has no line for."""
        ...

    def wrongly_erased(self) -> Iterator[str]:
        """Give the manifests whose erasures are not those that the ledger tells."""
        ...
