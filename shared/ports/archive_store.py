"""The store of finished archives: files that are written once and never changed."""

from dataclasses import dataclass
from typing import Protocol

from shared.domain.errors import Transient


class AlreadyExists(Transient):
    """Somebody else has written this file: give way, and look again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A thread's place in the archive.

    `newest` is the revision with the highest number that has a manifest, 0 for none;
    `last_used` the highest number of all, a torn attempt's included.
    """

    newest: int
    last_used: int


class ArchiveStore(Protocol):
    """Reads and creates files under `thread=…/rev=…/`."""

    async def shelf(self, thread_id: str) -> Shelf:
        """Say which revisions a thread has."""
        ...

    async def read(self, path: str) -> bytes:
        """Give a file's bytes.

        Raises:
            IntegrityError: there is no such file.

        """
        ...

    async def create(self, path: str, data: bytes) -> None:
        """Write a file that does not exist yet, whole or not at all.

        Raises:
            AlreadyExists: a file of this path exists; it was left as it is.

        """
        ...
