"""Who is in which thread, as far as the service tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundThread:
    """A thread of a user. `last_message_on` is "" where nobody ever said anything."""

    id: str
    last_message_on: str = ""


class ThreadFinder(Protocol):
    """Finds threads by their users, and users by their threads."""

    async def threads_of(self, user_id: str) -> Sequence[FoundThread]:
        """Return every thread of a user, those included which they have left.

        Raises:
            ReaderRefused: the resource has no token for this user.
            Transient: the service is not to be reached, fails, or throttles too long.

        """
        ...

    async def participants_of(self, thread_id: str, reader: str) -> Sequence[str]:
        """Return the raw ids of who takes part now, as `reader` sees it.

        Raises:
            ReaderRefused: this reader may not see them, having left for instance.
            Transient: as `threads_of`.

        """
        ...

    async def newest_sequence(self, thread_id: str, reader: str) -> int:
        """Return the sequence number of a thread's newest message: about its length.

        Raises:
            ReaderRefused, Transient: as `participants_of`.

        """
        ...
