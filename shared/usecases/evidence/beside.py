"""Beside: work on a long thread, done in another thread than the event loop's.

The leases' renewal and other threads' finalizing live on the loop, which reading,
replaying or rendering a long thread would hold for seconds.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

Result = TypeVar("Result")
MUCH_BYTES = 1024 * 1024
"""Input from which the work takes long enough to be done beside the loop."""
HEAVY = 2
"""Pieces of such work at once: more would only wait for each other's processor."""
BLOCK_BYTES = 1024 * 1024
"""What is rendered of a file before it is passed on."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Does work where it holds nothing else up; bounded over all that share it."""

    is_used: bool = True
    """False where nothing else waits for the loop: a command does one thing."""
    heavy: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HEAVY))

    async def __call__(
        self, size: int, work: Callable[..., Result], *arguments: Any
    ) -> Result:
        """Do work that follows from so many bytes of input."""
        if size < MUCH_BYTES or not self.is_used:
            return work(*arguments)
        task = asyncio.ensure_future(self.in_turn(work, *arguments))
        # Its error is for who waits; after a cancellation nobody does.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def in_turn(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """Keep the place until the thread is done, also when nobody waits any more."""
        async with self.heavy:
            return await asyncio.to_thread(work, *arguments)

    async def each(self, size: int, items: Iterator[Result]) -> AsyncIterator[Result]:
        """Yield what an iterator gives; making each item is the work."""
        while found := await self(size, list_of_next, items):
            yield found[0]

    async def blocks(self, size: int, parts: Iterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the bytes of a file, whose parts are rendered as they are asked for."""
        while block := await self(size, next_block, parts):
            yield block


def list_of_next(items: Iterator[Result]) -> list[Result]:
    """Return the next item in a list, or an empty one at the end."""
    return list(islice(items, 1))


def next_block(parts: Iterable[bytes]) -> bytes:
    """Return the next block; nothing, at the end."""
    block: list[bytes] = []
    size = 0
    for part in parts:
        block.append(part)
        size += len(part)
        if size >= BLOCK_BYTES:
            break
    return block[0] if len(block) == 1 else b"".join(block)


def hashed(parts: Iterator[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    """Yield each part after adding it to a digest."""
    for part in parts:
        digest.update(part)
        yield part
