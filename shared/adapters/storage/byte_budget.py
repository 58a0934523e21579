"""Bounded memory: who comes with more than there is room for waits their turn."""

import asyncio
from collections import deque


class ByteBudget:
    """A number of bytes shared by many, first come, first served.

    What is larger than all of it is let in alone, so that nobody waits for ever.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0
        self.queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    def try_acquire(self, amount: int) -> bool:
        """Take `amount` bytes now, if there is room and nobody waits for it."""
        if self.queue or not self.fits(amount):
            return False
        self.used += amount
        return True

    async def acquire(self, amount: int) -> None:
        """Take `amount` bytes once it is our turn; cancelled, nothing is taken."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.append((amount, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.used -= amount  # let in, and cancelled in the same moment
            self.admit_waiting()
            raise

    def release(self, amount: int) -> None:
        self.used -= amount
        if self.queue:
            self.admit_waiting()

    def fits(self, amount: int) -> bool:
        return self.used + amount <= self.size or self.used == 0

    def admit_waiting(self) -> None:
        """Let in whoever is next, as long as there is room."""
        while self.queue:
            amount, turn = self.queue[0]
            if not turn.done():
                if not self.fits(amount):
                    return
                self.used += amount
                turn.set_result(None)
            self.queue.popleft()
