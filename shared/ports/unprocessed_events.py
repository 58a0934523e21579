"""What could not be taken in, waiting for somebody: quarantine, and dead letters."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class UnprocessedFile:
    """A file of what is left over. `etag` changes with every change of it."""

    path: str
    data: bytes
    etag: str


class UnprocessedEvents(Protocol):
    def files(self) -> AsyncIterator[UnprocessedFile]:
        """Yield every file, one after the other, with what it holds.

        Raises:
            Transient: they are not to be reached.

        """
        ...

    async def is_kept(self) -> bool:
        """Return whether a policy or a legal hold forbids removing any.

        Raises:
            Transient: the storage is not to be reached.

        """
        ...

    async def remove(self, file: UnprocessedFile) -> bool:
        """Remove a file; give False, and leave it, where it has changed since."""
        ...
