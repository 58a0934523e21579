"""The store of finished archives: files are written once and never changed.

An erasure is the one exception: it replaces files, and records that in the ledger.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from shared.domain.errors import ArchiverError, Transient


class AlreadyExists(Transient):
    """Another process has written this file: stop here, and check again later."""


class Immutable(ArchiverError):
    """A policy or a legal hold on the storage forbids changing the archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of the archive. One that is not plain (a link, a device) is never read."""

    path: str
    size: int
    is_plain: bool = True


class ArchiveFiles(Protocol):
    """Reads the files of an archive, wherever it is stored."""

    def walk(self, prefix: str = "") -> AsyncIterator[StoredFile]:
        """Yield every file under a prefix.

        The files of one top-level folder come together, in order of their names.
        Memory does not grow with the number of folders.

        Raises:
            Transient: the archive cannot be reached.

        """
        ...

    def folders(self, prefix: str = "") -> AsyncIterator[str]:
        """Yield the name of each folder at the top that begins with a prefix.

        What stands in them is not looked at. Raise as `walk` does.
        """
        ...

    async def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            IntegrityError: there is no such file.

        """
        ...

    def stream(self, path: str) -> AsyncIterator[bytes]:
        """Yield a file's bytes in parts of a few MiB; raise as `read` does."""
        ...

    async def tail(self, path: str, count: int) -> bytes:
        """Return the last bytes of a file, at most `count`; raise as `read` does."""
        ...


class ArchiveStore(ArchiveFiles, Protocol):
    """Reads and creates files under `thread=…/rev=…/`."""

    async def create(self, path: str, data: bytes | AsyncIterator[bytes]) -> None:
        """Write a file that does not exist yet, whole or not at all.

        A long file is passed in parts, and is never held in memory as a whole; a part
        may take long to make, so that the loop gets its turn before each.

        Raises:
            AlreadyExists: this path exists; the file there is unchanged.

        """
        ...


class ErasableArchive(ArchiveStore, Protocol):
    """An archive from which something may be erased."""

    async def check_erasable(self) -> None:
        """Check whether files may be replaced at all, before one is.

        Raises:
            Immutable: a policy or a legal hold of the storage forbids it.

        """
        ...

    async def remove(self, path: str) -> None:
        """Delete a file; one that is not there is no error.

        Raises:
            Immutable: a policy or a legal hold of the storage forbids it.

        """
        ...

    async def replace(self, path: str, data: bytes) -> None:
        """Write a file, whole or not at all, in place of any existing one.

        Raises:
            Immutable: a policy or a legal hold of the storage forbids it.

        """
        ...
