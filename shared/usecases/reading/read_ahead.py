"""Threads read one after the other, while the next ones are on their way."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import TypeVar

AT_ONCE = 8
"""Threads that are read side by side."""
Read = TypeVar("Read")


async def read_ahead(
    thread_ids: AsyncIterable[str], read: Callable[[str], Awaitable[Read]]
) -> AsyncIterator[Read]:
    """Yield what `read` returns of each thread, in their order.

    An error of `read` is raised when its thread's turn comes.
    """
    names = aiter(thread_ids)
    waiting = deque[asyncio.Task[Read]]()
    is_over = False
    try:
        while True:
            while not is_over and len(waiting) < AT_ONCE:
                try:
                    waiting.append(asyncio.ensure_future(read(await anext(names))))
                except StopAsyncIteration:
                    is_over = True
            if not waiting:
                return
            yield await waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
