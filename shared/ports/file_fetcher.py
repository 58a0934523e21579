"""Fetching the files that messages name."""

from dataclasses import dataclass
from typing import Protocol

from shared.domain.errors import ArchiverError


class NotFetched(ArchiverError):
    """A file cannot be fetched, or must not be requested. The text is the reason.

    It never contains the file's address, which may work like a key (P9).
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """A file, and its content type according to the server; "" if it names none."""

    data: bytes
    content_type: str


class FileFetcher(Protocol):
    async def fetch(self, url: str, reader: str) -> FetchedFile:
        """Return a file, as `reader` sees it if that matters; "" is nobody.

        The address comes from a message: nothing about it can be trusted.

        Raises:
            NotFetched: for any reason, including a slow or failing server.

        """
        ...
