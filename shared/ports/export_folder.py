"""Where an export is written: a folder in which other files may stand."""

from collections.abc import AsyncIterator
from typing import Protocol


class ExportFolder(Protocol):
    """Creates files, each whole or not at all, and replaces those that it is told to.

    A file that was begun by a process which was killed is never taken for one.
    """

    async def create(self, path: str, data: bytes | AsyncIterator[bytes]) -> None:
        """Write a file that does not exist yet.

        Raises:
            AlreadyExists: this path exists; the file there is unchanged.

        """
        ...

    async def replace(self, path: str, data: bytes | AsyncIterator[bytes]) -> None:
        """Write a file in place of any existing one, which stays until it is whole.

        Raises:
            Immutable: the file there may not be changed.

        """
        ...

    async def holds(self, path: str) -> bool:
        """Return whether a file stands there; a link or a folder is none."""
        ...
