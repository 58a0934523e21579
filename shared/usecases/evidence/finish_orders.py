"""Finish what an erasure that died has left undone.

An order that the ledger does not record has blanked nothing, and is taken out: whoever
gave it gives it again. One that it records is carried out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.domain.evidence.orders import Order, encode_orders, named_lines
from shared.ports.archive_store import ErasableArchive
from shared.usecases.evidence.carry_out import (
    CarryOut,
    changed_lines,
    gone_attachments,
    named_by,
    stale_renderings,
    vouching,
)
from shared.usecases.evidence.erase_plan import refusal
from shared.usecases.evidence.holds import active_holds
from shared.usecases.evidence.ledger import Ledger, SealRefused
from shared.usecases.evidence.thread_archive import (
    ThreadArchive,
    orders_path,
    read_thread,
)


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far the orders of a thread are carried out, also where it fails.

    `is_begun` while the ledger records an order that is not done yet: nothing takes it
    back.
    """

    changed: int = 0
    is_begun: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishOrders:
    """Brings a thread's orders to rest, under the thread's lease."""

    archive: ErasableArchive
    ledger: Ledger
    carry_out: CarryOut

    async def __call__(
        self, thread: ThreadArchive, progress: Progress | None = None
    ) -> ThreadArchive:
        """Return the thread as it is once nothing of its orders is left undone.

        What is done meanwhile is added to the progress.

        Raises:
            Immutable: the storage does not allow it.
            SealRefused: nor sealing, and a hold came since.
            Transient: it stopped; the next run goes on.

        """
        recorded = await self.recorded(thread)
        if len(recorded) < len(thread.orders):
            await self.settle(thread, recorded)
            recorded = await self.recorded(thread)
        if len(recorded) < len(thread.orders):
            await write_orders(self.archive, thread.thread_id, recorded)
            thread = replace(thread, orders=recorded)
        if await self.is_done(thread):
            return thread
        progress = progress or Progress()
        progress.is_begun = True
        progress.changed += (await self.carry_out(thread)).changed
        thread = await read_thread(self.archive, thread.thread_id)
        progress.is_begun = False
        return thread

    async def settle(self, thread: ThreadArchive, recorded: Sequence[Order]) -> None:
        """See that the line of an order that the ledger lacks cannot land later.

        Where nothing can be sealed, it may land at any time: so it is appended, and
        counts once, unless a hold forbids the erasure by now.
        """
        try:
            await self.ledger.seal()
        except SealRefused:
            key = thread.newest.thread_key if thread.newest else ""
            active = await active_holds(self.ledger)
            for order in thread.orders[len(recorded) :]:
                held = refusal(
                    thread, thread.chain, named_lines(order), active.of_thread(key)
                )
                if active.is_unknown or held:
                    raise
                await self.ledger.append(order.ledger_line(key))

    async def recorded(self, thread: ThreadArchive) -> tuple[Order, ...]:
        """Return the orders that the ledger records: the first ones, or all."""
        if thread.newest is None:
            return ()
        key = thread.newest.thread_key
        recorded = [
            order
            for order in thread.orders
            if await self.ledger.holds(order.ledger_line(key))
        ]
        return tuple(recorded)

    async def is_done(self, thread: ThreadArchive) -> bool:
        """Return whether all that the orders say was done in the archive."""
        if not thread.orders or thread.newest is None:
            return True
        left = thread.chain.without(named_by(thread.orders))
        if any(True for _ in changed_lines(thread, left)):
            return False
        if any(True for _ in gone_attachments(thread, left)):
            return False
        order = vouching(thread)
        names = [file.name for file in order.files] if order else []
        newest = thread.newest.revision
        if any(thread.path(newest, name) not in thread.paths for name in names):
            return False
        return not await stale_renderings(self.archive, thread, left)


async def write_orders(
    archive: ErasableArchive, thread_id: str, orders: Sequence[Order]
) -> None:
    """Write a thread's orders; a thread without any has no such file."""
    path = orders_path(thread_id)
    if orders:
        await archive.replace(path, encode_orders(orders))
    else:
        await archive.remove(path)
