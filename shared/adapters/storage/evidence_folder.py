"""A folder as a verifier reads it: plain files alone, straight from the disk."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from shared.adapters.storage.archive_folder import files_below
from shared.domain.errors import Transient

PART = 1024 * 1024
READ_ONLY = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""A link that takes a file's place is refused, and a pipe is not waited for."""
BINARY = getattr(os, "O_BINARY", 0)


class FolderEvidence:
    """The files below a folder. Links and devices are named, and never read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.odd: set[str] = set()

    def names(self, prefix: str = "") -> list[str]:
        """Return the paths of all files under a prefix.

        Raises:
            Transient: a folder cannot be listed.

        """
        names = []
        try:
            for file in files_below(self.root, ""):
                if not file.is_plain:
                    self.odd.add(file.path)
                if file.path.startswith(prefix):
                    names.append(file.path)
        except OSError as error:
            raise Transient(f"list {error.filename}: {error.strerror}") from None
        return names

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes in parts."""
        if path in self.odd:
            raise OSError("a link or a device")
        with open(self.root / path, "rb", opener=open_plain) as file:
            while part := file.read(PART):
                yield part


def open_plain(path: str, _: int) -> int:
    """Open a file unless it is a link or a device.

    Raises:
        OSError: it is, or it cannot be read.

    """
    opened = os.open(path, READ_ONLY | BINARY)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError("a link or a device")
    return opened
