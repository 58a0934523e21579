"""The folder of an export, in which an earlier one may have left its files."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

from shared.adapters.storage.archive_folder import (
    FolderArchive,
    is_plain,
    make_folders,
)
from shared.ports.archive_store import Immutable


class FolderOfExport(FolderArchive):
    """Files that are created or replaced, and only inside of the folder."""

    def __init__(self, root: Path) -> None:
        """Take a folder; it is made where there is none."""
        super().__init__(root)
        make_folders(str(root))

    async def holds(self, path: str) -> bool:
        """Return whether a file stands there."""
        return is_plain(self.at(path))

    async def write(
        self,
        path: str,
        data: bytes | AsyncIterator[bytes],
        put: Callable[[str, str], None],
    ) -> None:
        """Write a file, unless a link leads out of the folder: into an archive, say."""
        if not self.is_inside(str(Path(self.at(path)).parent)):
            raise Immutable(f"{path} is not written: a link leads out of {self.root}")
        await super().write(path, data, put)
