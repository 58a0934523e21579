"""Erase: orders that take lines out of an archive, so that every proof still verifies.

Order matters, so that a run that dies leaves what the next one finishes:
1. ask for holds, for the storage's own policies, and for records not archived yet;
2. write `erasures.json` with the new order, then the order's line of the ledger;
3. carry out what the orders say.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.domain import layout
from shared.domain.errors import ArchiverError, IntegrityError
from shared.domain.evidence.lines import InputLine
from shared.domain.evidence.orders import Order, lines_named
from shared.domain.times import format_time
from shared.ports.append_log import ThreadLogs
from shared.ports.archive_store import ErasableArchive
from shared.ports.clock import NewSalt
from shared.ports.leases import Lease, LeaseHeld, Leases
from shared.usecases.evidence.carry_out import CarriedOut, CarryOut, sealed_anew
from shared.usecases.evidence.erase_plan import Choice, ErasurePlan, plan_of, refusal
from shared.usecases.evidence.finish_orders import FinishOrders, Progress, write_orders
from shared.usecases.evidence.holds import Hold, Holds
from shared.usecases.evidence.ledger import Ledger
from shared.usecases.evidence.revisions import (
    NOTHING_FINISHED,
    revisions_of,
    threads_of,
)
from shared.usecases.evidence.thread_archive import (
    ThreadArchive,
    read_thread,
)
from shared.usecases.evidence.unarchived import unarchived_lines

UNFINISHED = ".unfinished/"
"""Where a folder has the files that a killed writer left."""


class Refused(ArchiverError):
    """Something may not be erased, or not yet."""


class Unfinished(ArchiverError):
    """An erasure has begun, and only running it again ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase:
    """Plans erasures, and carries them out."""

    archive: ErasableArchive
    ledger: Ledger
    holds: Holds
    log: ThreadLogs | None
    leases: Leases
    draw: NewSalt
    finalize: Callable[[str, Lease], Awaitable[object]] | None = None
    """Archives a thread whose log holds more, under its lease; None where it cannot."""

    async def plan(
        self, choice: Choice, on_failure: Callable[[str], None]
    ) -> AsyncIterator[ErasurePlan]:
        """Yield, thread by thread, what would be erased. Nothing is changed.

        `on_failure` takes a sentence for each thread that cannot be read: nobody knows
        what would be erased there.

        Raises:
            Transient: archive or log cannot be reached.
            Refused: a line of the ledger cannot be read, and may be a hold.

        """
        holds = await holds_in_force(self.holds)
        async for thread_id in threads_of(self.archive, on_failure, choice.threads):
            if not (await revisions_of(self.archive, thread_id)).finished:
                continue
            try:
                thread = await read_thread(self.archive, thread_id)
                plan = plan_of(thread, choice, holds, await self.unarchived(thread))
            except IntegrityError as error:
                on_failure(f"{thread_id}: {error}")
                continue
            if plan.lines or plan.is_done:
                yield plan

    async def __call__(
        self, thread_id: str, choice: Choice, *, by: str, reason: str
    ) -> CarriedOut:
        """Erase in one thread what is meant; finish what an earlier run has begun.

        Raises:
            Refused: a hold, or a finalizer is at work on the thread.
            Immutable: the storage does not allow it.
            Unfinished: it stopped after the ledger had recorded the order.
            Transient, IntegrityError: it stopped; run it again, or look first.

        """
        await self.archive.check_erasable()
        progress = Progress()
        try:
            async with self.leases.hold(layout.lease_path(thread_id)) as lease:
                thread = await self.at_rest(thread_id, lease, progress)
                plan = plan_of(thread, choice, await holds_in_force(self.holds))
                if plan.refused:
                    raise Refused(plan.refused)
                if plan.lines:
                    await lease.confirm()
                    thread = await self.order(
                        thread, plan, progress, by=by, reason=reason
                    )
                return await self.end(thread, progress)
        except LeaseHeld:
            raise Refused("it is being finalized now; run this again") from None
        except ArchiverError as error:
            if progress.is_begun:
                raise Unfinished(
                    "the erasure has begun, and cannot be taken back; run this again "
                    f"to finish it. It stopped here: {error}"
                ) from error
            raise

    async def at_rest(
        self, thread_id: str, lease: Lease, progress: Progress
    ) -> ThreadArchive:
        """Return a thread that has all its lines, and no order that is not done."""
        finish = FinishOrders(
            archive=self.archive, ledger=self.ledger, carry_out=self.carry_out
        )
        thread = await finish(await read_thread(self.archive, thread_id), progress)
        await self.archive_first(thread, lease)
        return await read_thread(self.archive, thread_id)

    async def end(self, thread: ThreadArchive, progress: Progress) -> CarriedOut:
        """Do what is ordered; return it with what had to be finished before."""
        progress.is_begun = bool(thread.orders)
        done = await self.carry_out(thread)
        for path in [file.path async for file in self.archive.walk(UNFINISHED)]:
            await self.archive.remove(path)
        done.changed += progress.changed
        return done

    @property
    def carry_out(self) -> CarryOut:
        return CarryOut(archive=self.archive, log=self.log)

    async def unarchived(
        self, thread: ThreadArchive
    ) -> Mapping[str, Sequence[InputLine]]:
        """Return what only the log has of a thread; a folder has no log."""
        return await unarchived_lines(self.log, thread) if self.log else {}

    async def archive_first(self, thread: ThreadArchive, lease: Lease) -> None:
        """See that no record is in the log alone: nobody could erase it by line."""
        if not any((await self.unarchived(thread)).values()):
            return
        if self.finalize is None:
            raise Refused(
                "its log holds records that no archive has yet; let the sweep finalize "
                "it, then run this again"
            )
        await self.finalize(thread.thread_id, lease)

    async def order(
        self,
        thread: ThreadArchive,
        plan: ErasurePlan,
        progress: Progress,
        *,
        by: str,
        reason: str,
    ) -> ThreadArchive:
        """Write an order and its line of the ledger; return the thread with it."""
        newest = thread.newest
        if newest is None:
            raise IntegrityError(NOTHING_FINISHED)
        left = thread.chain.without(plan.ranges)
        order = Order(
            number=len(thread.orders) + 1,
            random=self.draw().hex(),
            revision=newest.revision,
            who=by,
            when=format_time(await self.ledger.now()),
            why=reason,
            scope=plan.scope,
            ids=plan.ids,
            lines=lines_named(plan.ranges),
            files=sealed_anew(left, [file.name for file in newest.files]),
        )
        await self.ledger.record(newest.ledger_line)
        await write_orders(self.archive, thread.thread_id, (*thread.orders, order))
        # Rendering takes a while, and whoever held something meanwhile was told that it
        # is held. A hold that lands with the order's line is named by the verdict.
        held = refusal(
            thread, thread.chain, plan.ranges, await holds_in_force(self.holds)
        )
        if held:
            await write_orders(self.archive, thread.thread_id, thread.orders)
            raise Refused(held)
        line = order.ledger_line(newest.thread_key)
        try:
            await self.ledger.append(line)  # P10
        except ArchiverError:
            # It may be there all the same: then nothing takes the order back.
            progress.is_begun = await self.ledger.holds(line)
            raise
        progress.is_begun = True
        return await read_thread(self.archive, thread.thread_id)


async def holds_in_force(holds: Holds) -> list[Hold]:
    """Return the holds in force.

    Raises:
        Refused: a line of the ledger cannot be read, and may be a hold.

    """
    active = await holds.active()
    if active.unreadable:
        raise Refused(f"{active.unreadable[0]} cannot be read: it may be a hold")
    if active.withheld:
        raise Refused("lines about holds are withheld here, so something may be held")
    return list(active.holds.values())
