"""Announcing that a thread has a new archive revision."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A revision that exists; `path` is its folder in the container `chat-archive`."""

    thread_id: str
    revision: int
    path: str
    manifest_sha256: str


class Announcer(Protocol):
    async def announce(self, announcement: Announcement) -> None:
        """Announce a revision. The same one may be announced twice.

        Raises:
            Transient: it could not be announced now.

        """
        ...
