"""An append-only log of lines in one container."""

from collections.abc import AsyncIterator
from typing import Protocol

from shared.domain.log.coverage import Covers, Segment, ThreadLog


class AppendLog(Protocol):
    """Appends lines. Concurrent appends interleave whole lines, in any order."""

    async def append(self, stem: str, line: bytes) -> None:
        """Append a line to the newest segment of `stem`; return once it is durable.

        After a failure the line may stand in the log once, twice or not at all.

        Raises:
            Transient: it could not be made durable in the time a caller may wait.

        """
        ...


class ThreadLogs(AppendLog, Protocol):
    """The log of all threads, with the markers of what has been archived."""

    def threads(self) -> AsyncIterator[ThreadLog]:
        """Yield every thread of the log, in the order of their folders' names.

        One listing; memory does not grow with the number of threads.
        """
        ...

    async def thread(self, thread_id: str) -> ThreadLog:
        """Return what the log holds of one thread; no segments if it holds nothing."""
        ...

    async def read(self, segment: Segment, start: int) -> bytes:
        """Return the bytes of a segment from `start` to its recorded size."""
        ...

    async def quarantined(self, thread_id: str) -> bytes:
        """Return the quarantine's lines that name a thread."""
        ...

    async def clear_quarantine(self, thread_id: str) -> None:
        """Delete the quarantine's lines that name a thread."""
        ...

    async def mark(self, thread_id: str, revision: int, covers: Covers) -> None:
        """Write the marker of a revision, if it is not there yet."""
        ...

    async def prune(self, segment: Segment) -> bool:
        """Delete a segment if it has not changed since it was listed (P7).

        Gives False, and deletes nothing, when it has changed or may not be deleted.
        """
        ...

    async def unmark(self, thread_id: str, revision: int) -> None:
        """Delete a marker; none is fine."""
        ...
