"""Events that could not be processed: quarantine, dead letters, poison messages."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class UnprocessedFile:
    """A file of unprocessed events. `etag` changes with every change of the file."""

    path: str
    size: int
    etag: str


class UnprocessedEvents(Protocol):
    def files(self) -> AsyncIterator[UnprocessedFile]:
        """Yield every file, one after the other.

        Raises:
            Transient: they cannot be reached.

        """
        ...

    def stream(self, file: UnprocessedFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes in parts of a few MiB, up to its size when listed.

        Raises:
            Transient: it cannot be read, or is gone.

        """
        ...

    async def is_protected(self) -> bool:
        """Return whether a policy or a legal hold forbids deleting any.

        Raises:
            Transient: the storage cannot be reached.

        """
        ...

    async def remove(self, file: UnprocessedFile) -> bool:
        """Delete a file; return False, and leave it, if it has changed since."""
        ...
