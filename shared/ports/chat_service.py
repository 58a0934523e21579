"""The chat service, read as one of its users."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from shared.domain.errors import ArchiverError
from shared.domain.thread.listing import Page

IsKnown = Callable[[Page], bool]
"""Says of a page of messages whether nothing on it is new."""


class ReaderRefused(ArchiverError):
    """A reader cannot read a thread; another one may."""

    def __init__(self, status: int, reason: str) -> None:
        """Record the service's HTTP status, 0 for none, and a reason for people."""
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceListing:
    """The pages of one thread as one reader sees them.

    `settled` is False if the thread kept changing during the listing, `is_whole` if
    older messages than those on the pages were left out. `api_version` is the one that
    answered, `refused_version` the one that was asked first and is not spoken there.
    `no_receipts` says why no read receipts were asked for, or none were given.
    """

    pages: tuple[Page, ...]
    settled: bool
    is_whole: bool = True
    api_version: str = ""
    refused_version: str = ""
    no_receipts: str = ""


class ChatService(Protocol):
    async def list_thread(
        self, thread_id: str, reader: str, is_known: IsKnown | None = None
    ) -> ServiceListing:
        """Return a thread's properties, messages, people and receipts, as `reader`.

        Messages are listed newest change first; with `is_known` only down to the first
        page of which that is true.

        If the service throttles, wait as long as it asks, within a deadline.

        Raises:
            ReaderRefused: no token for this reader, or they may not read this thread,
                or there is no such thread.
            Transient: the service cannot be reached, fails, or throttles for too long.

        """
        ...
