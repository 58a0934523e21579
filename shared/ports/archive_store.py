"""The store of finished archives: files that are written once and never changed.

Erasure is the one exception: it replaces files, and says so in the ledger.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Protocol

from shared.domain.errors import ArchiverError, Transient


class AlreadyExists(Transient):
    """Somebody else has written this file: give way, and look again later."""


class Immutable(ArchiverError):
    """A policy or a legal hold of the storage forbids changing what is archived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of the archive. What is no plain file (a link, a device) is never read."""

    path: str
    size: int
    is_plain: bool = True


class ArchiveFiles(Protocol):
    """Reads the files of an archive, wherever it stands."""

    def walk(self, prefix: str = "") -> AsyncIterator[StoredFile]:
        """Yield every file under a prefix.

        The files of one folder at the top come together, in the order of their names.
        Memory does not grow with the number of folders.

        Raises:
            Transient: the archive is not to be reached.

        """
        ...

    async def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            IntegrityError: there is no such file.

        """
        ...

    def stream(self, path: str) -> AsyncIterator[bytes]:
        """Yield a file's bytes in parts of a few MiB; raises as `read`."""
        ...

    async def tail(self, path: str, count: int) -> bytes:
        """Return the last bytes of a file, at most `count`; raises as `read`."""
        ...


class ArchiveStore(ArchiveFiles, Protocol):
    """Reads and creates files under `thread=…/rev=…/`."""

    async def create(self, path: str, data: bytes | Iterator[bytes]) -> None:
        """Write a file that does not exist yet, whole or not at all.

        A long one is given in parts, and is never held as a whole.

        Raises:
            AlreadyExists: a file of this path exists; it was left as it is.

        """
        ...


class ErasableArchive(ArchiveStore, Protocol):
    """An archive out of which something may be erased."""

    async def check_erasable(self) -> None:
        """Ask whether files may be replaced at all, before one is.

        Raises:
            Immutable: a policy or a legal hold of the storage forbids it.

        """
        ...

    async def replace(self, path: str, data: bytes) -> None:
        """Write a file, whole or not at all, in place of the one there may be.

        Raises:
            Immutable: a policy or a legal hold of the storage forbids it.

        """
        ...
