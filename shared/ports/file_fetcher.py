"""Fetching the files that messages name."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from shared.domain.errors import ArchiverError
from shared.domain.thread.attachment import FetchOutcome


class NotFetched(ArchiverError):
    """A file cannot be fetched, or must not be requested. The text is the reason.

    It never contains the file's address, which may work like a key (P9).
    """

    def __init__(
        self,
        reason: str,
        outcome: FetchOutcome = FetchOutcome.REFUSED,
        *,
        requested: bool = False,
    ) -> None:
        """Record the reason, for people, and what kind of failure it is.

        `requested` says whether a request was sent: only then may trying again cost.
        """
        super().__init__(reason)
        self.outcome = outcome
        self.requested = requested


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """A file, and its content type according to the server; "" if it names none."""

    data: bytes
    content_type: str


def outcome_of(status: int) -> FetchOutcome:
    """Return what an HTTP status other than 200 means for a file."""
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return FetchOutcome.GONE
    is_refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if is_refusal and status != HTTPStatus.TOO_MANY_REQUESTS:
        return FetchOutcome.REFUSED
    return FetchOutcome.UNREACHABLE


class FileFetcher(Protocol):
    async def fetch(self, url: str, reader: str, thread_id: str) -> FetchedFile:
        """Return a file of a thread, as `reader` sees it if that matters; "" is nobody.

        The address comes from a message: nothing about it can be trusted.

        Raises:
            NotFetched: for any reason, including a slow or failing server.

        """
        ...
