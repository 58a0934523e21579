"""The chat service, read as one of its users."""

from dataclasses import dataclass
from typing import Protocol

from shared.domain.errors import ArchiverError
from shared.domain.thread.listing import Page


class ReaderRefused(ArchiverError):
    """A reader cannot read a thread; another one may."""

    def __init__(self, status: int, reason: str) -> None:
        """Keep the service's status, 0 where it gave none, and a reason for people."""
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceListing:
    """All pages of one thread as one reader saw them.

    `settled` is False when the thread kept changing under the listing.
    """

    pages: tuple[Page, ...]
    settled: bool


class ChatService(Protocol):
    async def list_thread(self, thread_id: str, reader: str) -> ServiceListing:
        """List a thread's properties, messages and participants as `reader`.

        Throttling is waited out, as the service asks, within a deadline.

        Raises:
            ReaderRefused: no token for this reader, or they may not read this thread,
                or there is no such thread.
            Transient: the service is not to be reached, fails, or throttles too long.

        """
        ...
