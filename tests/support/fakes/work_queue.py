"""The queue in memory."""

from datetime import timedelta

from shared.domain.log.work import Work


class MemoryWorkQueue:
    def __init__(self) -> None:
        self.messages: list[tuple[Work, timedelta]] = []

    async def put(self, work: Work, *, delay: timedelta = timedelta()) -> None:
        self.messages.append((work, delay))

    async def depth(self) -> int:
        return len(self.messages)
