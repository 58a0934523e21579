"""The log of an archive in a folder: there is none."""

from collections.abc import AsyncIterator
from datetime import datetime

from shared.domain.errors import IntegrityError
from shared.domain.log.coverage import Covers, Segment, ThreadLog


class NoThreadLogs:
    """The log of a folder: always empty, so a thread is only what the service lists."""

    async def threads(self) -> AsyncIterator[ThreadLog]:
        """Yield nothing."""
        return
        yield

    async def thread(self, thread_id: str) -> ThreadLog:
        """Return the thread without any segments."""
        return ThreadLog(thread_id=thread_id, segments=(), markers={})

    async def read(self, segment: Segment, start: int) -> bytes:  # noqa: ARG002 - the port's signature
        """Raise, since there are no segments."""
        raise IntegrityError(f"{segment.path} is not in a log")

    async def quarantined(self) -> AsyncIterator[str]:
        """Yield no thread."""
        return
        yield

    async def quarantine(self, thread_id: str) -> tuple[Segment, ...]:  # noqa: ARG002 - the port's signature
        """Return no segments."""
        return ()

    async def mark(
        self,
        thread_id: str,
        revision: int,
        covers: Covers,
        superseded: int = 0,
        whole_pass_due: datetime | None = None,
    ) -> None:
        """Do nothing: there are no segments to mark."""

    async def prune(self, segment: Segment) -> bool:  # noqa: ARG002 - the port's signature
        """Return False: there are no segments to prune."""
        return False

    async def unmark(self, thread_id: str, revision: int) -> None:
        """Do nothing: there are no markers."""

    async def append(self, stem: str, line: bytes) -> None:  # noqa: ARG002 - the port's signature
        """Raise, since a folder receives no events."""
        raise IntegrityError(f"{stem}: a folder has no log")
