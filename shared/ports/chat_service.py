"""The chat service, read as one of its users."""

from dataclasses import dataclass
from typing import Protocol

from shared.domain.errors import ArchiverError
from shared.domain.thread.listing import Page


class ReaderRefused(ArchiverError):
    """A reader cannot read a thread; another one may."""

    def __init__(self, status: int, reason: str) -> None:
        """Record the service's HTTP status, 0 for none, and a reason for people."""
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceListing:
    """All pages of one thread as one reader sees them.

    `settled` is False if the thread kept changing during the listing.
    """

    pages: tuple[Page, ...]
    settled: bool


class ChatService(Protocol):
    async def list_thread(self, thread_id: str, reader: str) -> ServiceListing:
        """Return a thread's properties, messages and participants, listed as `reader`.

        If the service throttles, wait as long as it asks, within a deadline.

        Raises:
            ReaderRefused: no token for this reader, or they may not read this thread,
                or there is no such thread.
            Transient: the service cannot be reached, fails, or throttles for too long.

        """
        ...
