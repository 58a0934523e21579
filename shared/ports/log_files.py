"""The files of the log, as something that watches them reads them: from a place on."""

from collections.abc import AsyncIterator
from typing import Protocol

from shared.ports.archive_store import StoredFile


class LogFiles(Protocol):
    """Lists files, and reads what came to one."""

    def walk(self, prefix: str = "") -> AsyncIterator[StoredFile]:
        """Yield every file under a prefix.

        Raises:
            Transient: the storage cannot be reached.

        """
        ...

    def stream(self, path: str, start: int = 0) -> AsyncIterator[bytes]:
        """Yield a file's bytes from `start` on, in parts.

        Raises:
            IntegrityError: there is no such file.
            Transient: the storage cannot be reached.

        """
        ...
