"""Erase somebody from archive-level input: a directory, decisions, logs, an inventory.

It goes as in a thread: holds are asked for, the order is written, then its line of the
ledger, then the lines are blanked.
"""

from dataclasses import dataclass, replace

from shared.domain.errors import ArchiverError
from shared.domain.evidence.orders import Order, ScopeKind, lines_named
from shared.domain.times import format_time
from shared.ports.archive_store import ErasableArchive
from shared.ports.clock import NewSalt
from shared.ports.leases import Leases
from shared.usecases.evidence.archive_input import alone
from shared.usecases.evidence.erase import Refused, Unfinished, holds_in_force
from shared.usecases.evidence.holds import Holds
from shared.usecases.evidence.input_orders import (
    at_rest,
    carry_out,
    covered,
    refusal,
    write_input_orders,
)
from shared.usecases.evidence.ledger import Ledger
from shared.usecases.evidence.read_input import ReadInput, read_input


@dataclass(frozen=True, slots=True, kw_only=True)
class InputErasurePlan:
    """What would go: so many lines. `refused` says why it may not; "" where it may.

    `is_done` where an earlier order has erased all that there is about the person.
    """

    lines: int = 0
    is_done: bool = False
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseInput:
    """Plans what goes of archive-level input, and carries it out."""

    archive: ErasableArchive
    ledger: Ledger
    holds: Holds
    leases: Leases
    draw: NewSalt

    async def plan(self, participant: str) -> InputErasurePlan:
        """Return what would be erased. Nothing is changed.

        Raises:
            IntegrityError: a file cannot be read, so nobody knows what would go.
            Refused: a line of the ledger cannot be read, and may be a hold.
            Transient: the archive cannot be reached.

        """
        there = await read_input(self.archive)
        ranges = covered(there, order_about(participant, there))
        lines = sum(len(span) for spans in ranges.values() for span in spans)
        return InputErasurePlan(
            lines=lines if names(there, participant) else 0,
            is_done=not lines and names(there, participant),
            refused=refusal(there, ranges, await holds_in_force(self.holds)),
        )

    async def __call__(self, participant: str, *, by: str, reason: str) -> int:
        """Erase a person; finish what an earlier run has begun. Return lines that went.

        Raises:
            Refused: a hold.
            Immutable: the storage does not allow it.
            Unfinished: it stopped after the ledger had recorded the order.
            Transient, IntegrityError: it stopped; run it again, or look first.

        """
        await self.archive.check_erasable()
        async with alone(self.leases) as lease:
            there = await at_rest(self.archive, self.ledger)
            draft = order_about(participant, there)
            ranges = covered(there, draft)
            if not ranges or not names(there, participant):
                return 0
            order = replace(
                draft,
                random=self.draw().hex(),
                who=by,
                when=format_time(await self.ledger.now()),
                why=reason,
                lines=lines_named(ranges),
            )
            ordered = replace(there, orders=(*there.orders, order))
            await lease.confirm()
            await write_input_orders(self.archive, ordered.orders)
            held = refusal(there, ranges, await holds_in_force(self.holds))
            if held:
                await write_input_orders(self.archive, there.orders)
                raise Refused(held)
            await self.give(order, ordered)
        return sum(len(span) for spans in ranges.values() for span in spans)

    async def give(self, order: Order, ordered: ReadInput) -> None:
        """Record an order, and carry it out."""
        line, is_begun = order.ledger_line(""), False
        try:
            await self.ledger.append(line)  # P10
            is_begun = True
            await carry_out(self.archive, ordered)
        except ArchiverError as error:
            # It may be there all the same: then nothing takes the order back.
            if is_begun or await self.ledger.holds(line):
                raise Unfinished(
                    "the erasure has begun, and cannot be taken back; run this again "
                    f"to finish it. It stopped here: {error}"
                ) from error
            raise


def names(there: ReadInput, participant: str) -> bool:
    """Return whether any line names a person."""
    return any(
        participant in line.facts.get("people", ())
        for _, _, _, line in there.numbered()
    )


def order_about(participant: str, there: ReadInput) -> Order:
    """Return the next order, as it stands before anything is known of its lines."""
    return Order(
        number=len(there.orders) + 1,
        random="",
        revision=there.newest,
        who="",
        when="",
        why="",
        scope=ScopeKind.PARTICIPANT,
        ids=(participant,),
        lines=(),
    )
