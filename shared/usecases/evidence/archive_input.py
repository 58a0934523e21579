"""Keep archive-level input: what concerns the archive, and no single thread of it.

Lines as those of a thread, in one file for each time that something was kept, which the
ledger records. So what people decided, and who people are, is evidence as the messages
are, and is erased by person as they are.

Rule 1: a file is created whole, then its line of the ledger is appended. A writer that
        was killed between the two leaves a file that the next one records first.
Rule 2: numbers are used once, over all kinds. A tree and its count go over all lines of
        a kind, in the order of their files.
Rule 3: one writer at a time: under a lease, where the storage has any.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from shared.domain import json_line, layout
from shared.domain.errors import Transient
from shared.domain.evidence import content
from shared.domain.evidence.lines import InputLine, make_erased_line, make_line
from shared.domain.evidence.orders import Order
from shared.domain.evidence.scope import orders_before
from shared.domain.times import format_time
from shared.ports.archive_store import ErasableArchive
from shared.ports.clock import NewSalt
from shared.ports.leases import Lease, LeaseHeld, Leases
from shared.usecases.evidence.input_orders import NO_SENDERS, at_rest
from shared.usecases.evidence.ledger import Ledger
from shared.usecases.evidence.read_input import InputFile, ReadInput, read_input


@asynccontextmanager
async def alone(leases: Leases) -> AsyncIterator[Lease]:
    """Hold the lease on the archive-level input while the block runs.

    Who stood still for long may have lost it: confirm it before anything is written.

    Raises:
        Transient: another process writes it at this moment.

    """
    try:
        async with leases.hold(layout.INPUT_LEASE) as lease:
            yield lease
    except LeaseHeld:
        raise Transient(
            "another process writes archive-level input now; run this again"
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveInput:
    """Keeps archive-level input, each time in a file of its own."""

    archive: ErasableArchive
    ledger: Ledger
    leases: Leases
    draw: NewSalt

    async def read(self, *kinds: str) -> ReadInput:
        """Return what was kept; raise as `read_input` does."""
        return await read_input(self.archive, *kinds)

    async def add(self, kind: str, values: Iterable[Mapping[str, Any]]) -> int:
        """Keep some values, a line each; return the number of their file, 0 for none.

        `people` in a value are the raw ids that an erasure finds it by.

        Raises:
            IntegrityError: what is there already cannot be read.
            Transient: it may be there all the same; or another process writes.

        """
        async with alone(self.leases) as lease:
            there = await at_rest(self.archive, self.ledger, kind)
            now = format_time(await self.ledger.now())
            number = there.newest + 1
            lines = tuple(
                self.line(kind, value, now, number, there.orders) for value in values
            )
            if not lines:
                return 0
            file = InputFile(kind=kind, number=number, lines=lines)
            await lease.confirm()  # else another kind may have got the same number
            await self.archive.create(file.path, file.stored)
            grown = ReadInput(files=(*there.files, file))
            await self.ledger.append(grown.ledger_line(file))
        return number

    def line(
        self,
        kind: str,
        value: Mapping[str, Any],
        now: str,
        number: int,
        orders: Iterable[Order],
    ) -> InputLine:
        """Return a new line: erased from the start where an older order covers it."""
        given = {"file": kind, "received_on": now}
        line = make_line(given, content_of(value), self.draw())
        before = orders_before(orders, line.facts, number, NO_SENDERS)
        return make_erased_line(line, before[0]) if before else line


def content_of(value: Mapping[str, Any]) -> bytes:
    """Return the content of the line that says a value."""
    text = json_line.encode(json_line.compact(dict(value)))
    return content.content_of(text)
