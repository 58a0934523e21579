"""Fetching the files that messages name."""

from dataclasses import dataclass
from typing import Protocol

from shared.domain.errors import ArchiverError


class NotFetched(ArchiverError):
    """A file cannot be had, or must not be asked for. The text is the reason.

    It never holds the file's address: that may be as good as a key (P9).
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """A file, and what its server says that it is; "" where it does not say."""

    data: bytes
    content_type: str


class FileFetcher(Protocol):
    async def fetch(self, url: str, reader: str) -> FetchedFile:
        """Return a file, as `reader` sees it where that matters; "" is nobody.

        The address comes from a message: nothing about it may be trusted.

        Raises:
            NotFetched: for whatever reason, a slow or failing server included.

        """
        ...
