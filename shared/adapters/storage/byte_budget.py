"""Bounded memory: a caller waits while the byte budget is used up."""

import asyncio
from collections import deque


class ByteBudget:
    """A number of bytes that callers share, first come, first served.

    An amount larger than the whole budget is admitted when nothing else is, so that
    nobody waits for ever.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0
        self.queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    def try_acquire(self, amount: int) -> bool:
        """Acquire `amount` bytes now; return False if they are taken or others wait."""
        if self.queue or not self.fits(amount):
            return False
        self.used += amount
        return True

    async def acquire(self, amount: int) -> None:
        """Acquire `amount` bytes once it is our turn; none if cancelled."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.append((amount, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.used -= amount  # admitted and cancelled at the same moment
            self.admit_waiting()
            raise

    def release(self, amount: int) -> None:
        self.used -= amount
        if self.queue:
            self.admit_waiting()

    def fits(self, amount: int) -> bool:
        return self.used + amount <= self.size or self.used == 0

    def admit_waiting(self) -> None:
        """Admit the next callers as long as there are bytes left."""
        while self.queue:
            amount, turn = self.queue[0]
            if not turn.done():
                if not self.fits(amount):
                    return
                self.used += amount
                turn.set_result(None)
            self.queue.popleft()
