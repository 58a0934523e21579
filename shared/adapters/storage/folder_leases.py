"""Leases of an archive in a folder: locks that end with the process that holds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from shared.adapters.storage.archive_folder import FILE_MODE, make_folders
from shared.domain.errors import Transient
from shared.ports.leases import LeaseHeld


class FolderLease:
    """A held lock. The operating system releases it when this process ends."""

    async def confirm(self) -> None:
        """Do nothing: a held lock cannot be lost."""


class FolderLeases:
    """Locks on small files in a folder, for the processes of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @asynccontextmanager
    async def hold(self, path: str) -> AsyncIterator[FolderLease]:
        """Hold a lock while the block runs."""
        file = self.root / f"{path}.lock"
        lock = FileLock(file, mode=FILE_MODE, blocking=False, thread_local=False)
        try:
            make_folders(str(file.parent))
            lock.acquire()
        except Timeout:
            raise LeaseHeld("another process on this machine holds the lock") from None
        except OSError as error:
            raise Transient(
                f"{self.root} cannot be written, and whoever writes to the archive "
                f"needs a lock there: {error.strerror}"
            ) from None
        try:
            yield FolderLease()
        finally:
            lock.release()


class NoLeases:
    """No locks, for stores without them: run one process at a time."""

    @asynccontextmanager
    async def hold(self, path: str) -> AsyncIterator[FolderLease]:  # noqa: ARG002 - the port's signature
        """Hold nothing while the block runs."""
        yield FolderLease()
