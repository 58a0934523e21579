"""Who is in which thread, as far as the service says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundThread:
    """A thread of a user. `last_message_on` is "" if it has no messages.

    `deleted_on` is "" but for one that was deleted in the service.
    """

    id: str
    last_message_on: str = ""
    deleted_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundThreads:
    """The threads of a user; `unreadable` counts what was listed and has no id."""

    threads: Sequence[FoundThread]
    unreadable: int = 0


class ThreadFinder(Protocol):
    """Finds threads by their users, and users by their threads."""

    async def threads_of(self, user_id: str) -> FoundThreads:
        """Return every thread of a user, including those they have left.

        Raises:
            ReaderRefused: the resource has no token for this user.
            Transient: the service cannot be reached, fails, or throttles for too long.

        """
        ...

    async def participants_of(self, thread_id: str, reader: str) -> Sequence[str]:
        """Return the raw ids of a thread's present participants, as `reader` sees them.

        Raises:
            ReaderRefused: this reader may not see them, for instance after leaving.
            Transient: as `threads_of`.

        """
        ...

    async def deletion_due(self, thread_id: str, reader: str) -> str:
        """Return when a thread's retention policy has it deleted; "" if nothing does.

        Also "" where the service does not speak the version that tells.

        Raises:
            ReaderRefused, Transient: as `participants_of`.

        """
        ...

    async def newest_sequence(self, thread_id: str, reader: str) -> int:
        """Return the sequence number of a thread's newest message: about its length.

        Raises:
            ReaderRefused, Transient: as `participants_of`.

        """
        ...
