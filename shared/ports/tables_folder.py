"""Where the tables of an archive stand: one folder, with a folder for each month."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shared.domain.errors import ArchiverError


class DamagedPart(ArchiverError):
    """A file of the tables is not what was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file of a table: its name in its folder, its size, its rows, its digest."""

    name: str
    bytes: int
    rows: int
    sha256: str


class TablesFolder(Protocol):
    """Sorts rows by folder and time, with bounded memory, and writes them.

    A folder is that of a table and a month, or of a table; a row comes with its folder,
    and with all columns of its table.
    """

    @property
    def prepare(self) -> Callable[[Iterable[tuple[str, Mapping[str, Any]]]], Any]:
        """What makes of rows what `add` takes: most of the work, in any process."""
        ...

    def add(self, prepared: Any, folders: Collection[str]) -> None:
        """Take rows in, but only those of some folders."""
        ...

    def clear(self) -> None:
        """Forget the rows that were taken in."""
        ...

    def rewrite(
        self, folder: str, old: Sequence[Part], without: Collection[str]
    ) -> Sequence[Part]:
        """Write a folder's files again, where no reader sees them yet.

        They have the new rows, and those of the `old` ones but for the threads whose
        ids are given. Nothing is written for no row.

        Raises:
            DamagedPart: an old file is not what was written.

        """
        ...

    def write_empty(self, folder: str) -> Sequence[Part]:
        """Write one file without a row, where no reader sees it yet."""
        ...

    def put(self, folder: str, parts: Sequence[Part]) -> None:
        """Move the files that were written for a folder to where readers look."""
        ...
