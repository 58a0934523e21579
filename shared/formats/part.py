"""What a writer returns: one file or several, each in parts, produced lazily."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from shared.domain.people import NOBODY_KNOWN, PeopleDirectory
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

    is_copy: bool = False
    """Whether it is written outside of the archive, where nothing seals it."""
    site: str = ""
    """Where the files of a site are as seen from a page; "" for a page of its own."""
    insights: str = ""
    """In a site: where a page is of what a model said of the thread; "" for none."""

    bom: bool = False
    """Begin CSV with a byte order mark, which Excel needs to recognise UTF-8."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Raw id → `user`, `assistant` or `system`, for fine-tuning."""
    identities: Mapping[str, EntraIdentity] = field(default_factory=dict)
    """Raw id → Entra identity, for an import into Teams."""
    archive_only: frozenset[str] = frozenset()
    """Raw ids of whom it is decided that what they wrote is not imported."""
    former_members: bool = False
    """Whether who has left becomes a member of a chat in Teams, and reads it all."""
    people: PeopleDirectory = NOBODY_KNOWN
    """Whose names are shown beside those of the time."""
    place: Place | None = in_archive
    """Where a page finds the files that the archive holds; None: nowhere."""


PLAIN = Options()
Writer = Callable[[Transcript, Options], Iterator[RenderedFile]]


def made(work: Callable[..., bytes], *arguments: object) -> Iterator[bytes]:
    """Yield what some work returns, which is done only once somebody asks for it.

    A file that nobody consumes, since it is there already, costs nothing then.
    """
    yield work(*arguments)


class Joined(Protocol):
    """One file of all threads of an export, in the place of a file a thread."""

    name: str

    def add(self, transcript: Transcript) -> bytes:
        """Return what a thread adds to the file; nothing where it adds nothing."""
        ...

    def notes(self) -> list[str]:
        """Return what is to be said of the file after the last thread."""
        ...


class Table(Protocol):
    """One file with a row for each message of many threads, written as they come.

    It is written to a file that somebody else has opened, and closes. Memory does not
    grow with the number of threads.
    """

    def add(self, transcript: Transcript) -> None:
        """Write the rows of a thread."""
        ...

    def finish(self) -> None:
        """Write what the file ends with."""
        ...

    def abandon(self) -> None:
        """Let go of what is open: nobody wants the file any more."""
        ...


NewTable = Callable[[IO[bytes], Path, Options], Table]
"""Begins a table in an open file. The folder is for what it writes meanwhile: as
private as the file, and removed after it."""


@dataclass(frozen=True, slots=True)
class Appended:
    """A table to whose file each thread adds its own bytes, and nothing else does."""

    out: IO[bytes]
    parts: Callable[[Transcript], Iterable[bytes]]

    def add(self, transcript: Transcript) -> None:
        self.out.writelines(self.parts(transcript))

    def finish(self) -> None:
        """Do nothing: the rows are all there is."""

    def abandon(self) -> None:
        """Do nothing: nothing else is open."""
