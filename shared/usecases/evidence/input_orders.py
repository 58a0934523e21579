"""Orders to erase archive-level input: what they take, and what a killed one left.

An order that the ledger does not record has blanked nothing, and is taken out: whoever
gave it gives it again. One that it records is carried out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from shared.domain.evidence.orders import Order, encode_orders, named_lines
from shared.domain.evidence.paths import INPUT_ORDERS
from shared.domain.evidence.scope import Senders, order_due
from shared.ports.archive_store import ErasableArchive
from shared.usecases.evidence.holds import Hold, active_holds
from shared.usecases.evidence.ledger import Ledger, SealRefused
from shared.usecases.evidence.read_input import (
    InputFile,
    ReadInput,
    input_places,
    read_input,
    read_input_orders,
)

NO_SENDERS = Senders(())
"""No line of archive-level input is of a message."""
Ranges = Mapping[str, Sequence[range]]


async def at_rest(archive: ErasableArchive, ledger: Ledger, *kinds: str) -> ReadInput:
    """Return the archive-level input once nothing of it is left half done.

    Where only some kinds are wanted, others are read as far as that needs: a log of a
    million rows is not read to keep one decision.

    Raises:
        Immutable: the storage does not allow what an order says.
        SealRefused: nor sealing, and a hold came since.
        IntegrityError: a file cannot be read.
        Transient: it stopped; the next run goes on.

    """
    if kinds and not await read_input_orders(archive):
        newest = (await input_places(archive))[-1:]
        kinds = (*kinds, *(kind for _, kind in newest))
    else:  # an order may be on lines of any kind
        kinds = ()
    there = await read_input(archive, *kinds)
    if there.files:  # a writer that was killed may not have recorded the newest one
        await ledger.record(there.ledger_line(there.files[-1]))
    recorded = await recorded_orders(there, ledger)
    if len(recorded) < len(there.orders):
        await settle(there, recorded, ledger)
        recorded = await recorded_orders(there, ledger)
    if len(recorded) < len(there.orders):
        await write_input_orders(archive, recorded)
    return await carry_out(archive, replace(there, orders=recorded))


async def recorded_orders(there: ReadInput, ledger: Ledger) -> tuple[Order, ...]:
    """Return the orders that the ledger records: the first ones, or all."""
    return tuple(
        [order for order in there.orders if await ledger.holds(order.ledger_line(""))]
    )


async def settle(there: ReadInput, recorded: Sequence[Order], ledger: Ledger) -> None:
    """See that the line of an order that the ledger lacks cannot land later.

    Where nothing can be sealed, it may land at any time: so it is appended, and counts
    once, unless a hold forbids the erasure by now.
    """
    try:
        await ledger.seal()
    except SealRefused:
        active = await active_holds(ledger)
        for order in there.orders[len(recorded) :]:
            held = refusal(there, named_lines(order), active.of_thread(""))
            if active.is_unknown or held:
                raise
            await ledger.append(order.ledger_line(""))


async def write_input_orders(archive: ErasableArchive, orders: Sequence[Order]) -> None:
    """Write the orders; where there are none, there is no such file."""
    if orders:
        await archive.replace(INPUT_ORDERS, encode_orders(orders))
    else:
        await archive.remove(INPUT_ORDERS)


async def carry_out(archive: ErasableArchive, there: ReadInput) -> ReadInput:
    """Blank the lines that recorded orders name; return the input as it is then."""
    named: dict[str, list[range]] = {}
    for order in there.orders:
        for kind, spans in named_lines(order).items():
            named.setdefault(kind, []).extend(spans)
    begins: dict[str, int] = {}
    files = []
    for file in there.files:
        start = begins.get(file.kind, 0)
        begins[file.kind] = start + len(file.lines)
        blanked = blanked_file(file, start, named.get(file.kind, ()))
        if blanked != file:
            await archive.replace(file.path, blanked.stored)
        files.append(blanked)
    return replace(there, files=tuple(files))


def blanked_file(file: InputFile, start: int, spans: Iterable[range]) -> InputFile:
    """Return a file, whose first line is line `start` of its kind, without some."""
    gone = {index for span in spans for index in span}
    lines = tuple(
        line.erased() if index in gone else line
        for index, line in enumerate(file.lines, start)
    )
    return replace(file, lines=lines)


def covered(there: ReadInput, order: Order) -> Ranges:
    """Return the lines that an order covers and that have content, by kind."""
    found: dict[str, list[range]] = {}
    for kind, index, number, line in there.numbered():
        is_due = order_due([order], line.facts, number, NO_SENDERS)
        if is_due and not line.is_erased:
            found.setdefault(kind, []).append(range(index, index + 1))
    return found


def refusal(there: ReadInput, ranges: Ranges, holds: Iterable[Hold]) -> str:
    """Return which holds on a person forbid it; "" for none."""
    gone = {kind: {i for span in spans for i in span} for kind, spans in ranges.items()}
    people = {
        person
        for kind, index, _, line in there.numbered()
        if index in gone.get(kind, ())
        for person in line.facts.get("people", ())
    }
    return ", ".join(
        hold.text
        for hold in holds
        if hold.thread_key == "" and hold.participant in people
    )
