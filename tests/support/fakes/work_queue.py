"""The queue in memory."""

from collections.abc import Callable
from datetime import datetime, timedelta

from builders import NOON
from shared.domain.log.work import Work


class Message(tuple):  # noqa: SLOT001 - it has an attribute
    """A thread and its delay, as tests unpack it; and when it was put."""

    inserted_on: datetime


class MemoryWorkQueue:
    def __init__(self, clock: Callable[[], datetime] = lambda: NOON) -> None:
        self.clock = clock
        self.messages: list[tuple[Work, timedelta]] = []

    async def put(self, work: Work, *, delay: timedelta = timedelta()) -> None:
        message = Message((work, delay))
        message.inserted_on = self.clock()
        self.messages.append(message)

    async def oldest(self) -> datetime | None:
        visible = [
            message.inserted_on
            for message in self.messages
            if message.inserted_on + message[1] <= self.clock()
        ]
        return min(visible, default=None)

    async def depth(self) -> int:
        return len(self.messages)
