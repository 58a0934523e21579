"""The queue of threads that are due."""

from datetime import datetime, timedelta
from typing import Protocol

from shared.domain.log.work import Work


class WorkQueue(Protocol):
    async def put(self, work: Work, *, delay: timedelta = timedelta()) -> None:
        """Queue a thread; its message becomes visible after `delay`.

        Raises:
            Transient: the queue could not be reached.

        """
        ...

    async def oldest(self) -> datetime | None:
        """Return when the oldest visible message was put; None where none is visible.

        Raises:
            Transient: the queue could not be reached.

        """
        ...


class MeasuredQueue(Protocol):
    async def depth(self) -> int:
        """Return about how many messages wait; 0 if there is no queue.

        Raises:
            Transient: the queue could not be reached.

        """
        ...
