"""The files of an archive as its verifier reads them: names, and bytes in parts."""

from collections.abc import Iterable, Iterator
from typing import Protocol


class EvidenceFiles(Protocol):
    """Reads an archive, or a package, wherever it is stored."""

    def names(self, prefix: str = "") -> Iterable[str]:
        """Return the paths of all files under a prefix, in any order."""
        ...

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes in parts of any size.

        Raises:
            FileNotFoundError: there is no such file, or not any more.
            OSError: it cannot be read, or it is a link or a device, which is never
                followed.

        """
        ...
