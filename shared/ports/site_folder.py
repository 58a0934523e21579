"""Where a site stands: a folder of its own, built again from time to time."""

from collections.abc import AsyncIterator
from typing import Protocol

from shared.ports.archive_store import StoredFile

UNFINISHED = ".unfinished/"
"""Where files stand until they are whole; what is left there, a killed build left."""


class SiteFolder(Protocol):
    """Reads, replaces and removes the files of a site, each whole or not at all."""

    async def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            IntegrityError: there is no such file.

        """
        ...

    async def replace(self, path: str, data: bytes | AsyncIterator[bytes]) -> None:
        """Write a file in place of any existing one, which stays until it is whole.

        Raises:
            Immutable: the file there may not be changed.

        """
        ...

    async def remove(self, path: str) -> None:
        """Delete a file, and its folder if that is empty then."""
        ...

    def walk(self, prefix: str = "") -> AsyncIterator[StoredFile]:
        """Yield every file under a prefix."""
        ...
