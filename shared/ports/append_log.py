"""An append-only log of lines in one container."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from shared.domain.log.coverage import Covers, Segment, ThreadLog


class AppendLog(Protocol):
    """Appends lines. Concurrent appends interleave whole lines, in any order."""

    async def append(self, stem: str, line: bytes) -> None:
        """Append a line to the newest segment of `stem`; return once it is durable.

        After a failure the line may be in the log once, twice or not at all; after a
        success it may be there twice.

        Raises:
            Transient: it could not be made durable in the time a caller may wait.

        """
        ...


class ThreadLogs(AppendLog, Protocol):
    """The log of all threads, with markers of what has been archived."""

    def threads(self) -> AsyncIterator[ThreadLog]:
        """Yield every thread of the log, in order of folder names.

        One listing; memory does not grow with the number of threads.
        """
        ...

    async def thread(self, thread_id: str) -> ThreadLog:
        """Return one thread's log; without segments if the log has none."""
        ...

    async def read(self, segment: Segment, start: int) -> bytes:
        """Return the bytes of a segment from `start` to its recorded size."""
        ...

    def quarantined(self) -> AsyncIterator[str]:
        """Yield the id of every thread that quarantine names, once each."""
        ...

    async def quarantine(self, thread_id: str) -> tuple[Segment, ...]:
        """Return the segments of quarantine that name a thread."""
        ...

    async def mark(
        self,
        thread_id: str,
        revision: int,
        covers: Covers,
        superseded: int = 0,
        whole_pass_due: datetime | None = None,
    ) -> None:
        """Write the marker of a revision, unless it exists already.

        `superseded` is the revision before it whose renderings still stand, and
        `whole_pass_due` the time from which the thread is to be listed whole again.
        """
        ...

    async def prune(self, segment: Segment) -> bool:
        """Delete a segment if it has not changed since it was listed (P7).

        Return False, and delete nothing, if it has changed or must not be deleted.
        """
        ...

    async def unmark(self, thread_id: str, revision: int) -> None:
        """Delete a marker if it exists."""
        ...
