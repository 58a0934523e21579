"""The ledger: lines are appended to its last blob, and blobs are closed day by day.

Rule 1: a line goes into the last blob. Where that is over (the storage's day is later
        than the one it begins with) or full, it is sealed and read, the next one is
        created, and its line `closed` is appended at position 0; any writer may do any
        of these steps, and goes on where another one was killed.
Rule 2: an append that was refused since the blob is closed goes to the next one.
        Several appends of one line count as one.
Rule 3: where sealing is refused, a blob runs until it is full.
Rule 4: the day is the storage's, as its answers tell; between them the writer's clock
        only counts on.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.errors import ArchiverError, IntegrityError, Transient
from shared.domain.evidence.checkpoint import Checkpoint
from shared.domain.evidence.ledger import PlacedLine
from shared.domain.evidence.ledger_lines import decode_line
from shared.ports.clock import Clock
from shared.ports.ledger_blobs import LedgerBlobs
from shared.usecases.evidence.ledger_reading import LedgerReading
from shared.usecases.evidence.ledger_tail import (
    ClosedBlob,
    LedgerTail,
    OpenBlob,
    closed_in,
)

MOST_ROUNDS = 20
"""How often an append may find that another writer closed the blob meanwhile."""


class SealRefused(ArchiverError):
    """The storage does not seal: a line that was sent may still land."""


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Appends lines, and reads them. One for a process: it knows what it has read."""

    blobs: LedgerBlobs
    clock: Clock
    tail: LedgerTail = field(init=False)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one task that looks, closes or reads. Appends do not wait for it
    while there is an open blob."""

    def __post_init__(self) -> None:
        """Begin without having read anything."""
        self.tail = LedgerTail(blobs=self.blobs, clock=self.clock)

    # Writing

    async def append(self, line: bytes) -> None:
        """Append a line, with its LF; return once it is durable.

        Raises:
            Transient: it may be there all the same, and may be appended again.
            IntegrityError: the ledger cannot be read, so no blob can be closed.

        """
        decode_line(line[:-1])  # nothing else may ever stand there
        for _ in range(MOST_ROUNDS):
            if self.tail.must_look():
                async with self.turn:
                    if self.tail.must_look() and await self.tail.find_open(line):
                        return
            blob = self.tail.open
            if blob and await self.tail.append_to(blob, line):
                return
        raise Transient("the ledger's blobs are closed as fast as they begin")

    async def record(self, line: bytes) -> bool:
        """Append a line unless it stands already; return whether it was written."""
        if await self.holds(line):
            return False
        await self.append(line)
        return True

    async def seal(self) -> None:
        """Close the last blob, so that no append that is under way can land any more.

        Raises:
            SealRefused: the storage cannot do that.
            Transient, IntegrityError: as `append` does.

        """
        async with self.turn:
            await self.tail.finish_closing()
            last = await self.tail.last()
            if last.first is None:
                return  # no ledger yet, and only its last blob may be empty
            if not await self.tail.close(OpenBlob(number=last.number, begun_on="")):
                raise SealRefused("the storage does not seal its append blobs")
            await self.tail.begin(last.number + 1)

    async def close_if_over(self) -> ClosedBlob | None:
        """Close the last blob if its day is over; return it, or None.

        One that holds no line but `closed` is left as it is.

        Raises:
            Transient, IntegrityError: as `append` does.

        """
        async with self.turn:
            is_closed = await self.tail.finish_closing()
            last = await self.tail.last()
            if not is_closed and last.holds_lines:
                blob = self.tail.opened(last)
                if self.tail.is_over(blob) and await self.tail.close(blob):
                    is_closed = await self.tail.begin(last.number + 1)
        return await self.newest_closed() if is_closed else None

    # Reading

    @property
    def failures(self) -> list[str]:
        """What was wrong with the ledger when it was read last."""
        return self.tail.failures

    async def holds(self, line: bytes) -> bool:
        """Return whether a line stands in the ledger.

        Raises:
            Transient: the storage cannot be reached.
            IntegrityError: a blob cannot be read.

        """
        leaf = decode_line(line[:-1]).leaf
        async with self.turn:
            await self.tail.refresh()
            return leaf in self.tail.reading.reader.seen

    async def lines(
        self, on_failure: Callable[[str], None] = lambda _: None
    ) -> AsyncIterator[PlacedLine]:
        """Yield every line from the first one on, each where it first stands.

        `on_failure` takes a sentence for each line that is none, or that may not stand
        where it does; the latter is yielded all the same.

        Raises:
            Transient: the storage cannot be reached.
            IntegrityError: a blob cannot be read.

        """
        reading = LedgerReading(self.blobs, on_failure)
        async for placed in reading.read(await self.blobs.list()):
            yield placed

    async def head(self, origin: str) -> Checkpoint:
        """Return the number of lines and the root over them, as they are now.

        Raises:
            Transient: the storage cannot be reached.
            IntegrityError: a line is wrong: nobody should vouch for such a ledger.

        """
        async with self.turn:
            await self.tail.refresh()
            if self.tail.failures:
                raise IntegrityError(self.tail.failures[0])
            tree = self.tail.reading.reader.tree
            return Checkpoint(origin=origin, size=tree.size, root=tree.root)

    async def newest_closed(self) -> ClosedBlob | None:
        """Return the blob that was closed last; None if none was."""
        listing = await self.blobs.list()
        for blob in reversed(listing.blobs[1:]):
            first = await self.tail.first_line(blob)
            if closed := closed_in(first):
                return closed
        return None

    async def now(self) -> datetime:
        """Return the storage's time; the writer's, where the storage has none."""
        now = await self.blobs.now()
        self.tail.set_clock(now)
        return now or self.clock()
