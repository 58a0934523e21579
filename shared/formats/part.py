"""What a writer returns: one file or several, each in parts, produced lazily."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.domain.thread.transcript import Transcript
from shared.formats.held_files import Place, in_archive

RenderedFile = tuple[str, Iterator[bytes]]
"""A name without a folder, and the bytes, to be consumed before the next file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraIdentity:
    """Who somebody is in Microsoft Entra."""

    id: str
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options for exports only; archives are always written without any."""

    bom: bool = False
    """Begin CSV with a byte order mark, which Excel needs to recognise UTF-8."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Raw id → `user`, `assistant` or `system`, for fine-tuning."""
    identities: Mapping[str, EntraIdentity] = field(default_factory=dict)
    """Raw id → Entra identity, for an import into Teams."""
    place: Place = in_archive
    """Where a page finds the files that the archive holds."""


PLAIN = Options()
Writer = Callable[[Transcript, Options], Iterator[RenderedFile]]


class Joined(Protocol):
    """One file of all threads of an export, in the place of a file a thread."""

    name: str

    def add(self, transcript: Transcript) -> bytes:
        """Return what a thread adds to the file; nothing where it adds nothing."""
        ...

    def notes(self) -> list[str]:
        """Return what is to be said of the file after the last thread."""
        ...
