"""A report on an archive: the run, what the archive kept beside threads, and names."""

from collections.abc import Collection

from shared.bootstrap.identity import utc_now
from shared.bootstrap.opened_archive import OpenedArchive
from shared.bootstrap.settling import settle_of
from shared.domain.errors import IntegrityError
from shared.domain.inventory.state import Inventory
from shared.domain.times import format_time
from shared.usecases.evidence.read_input import read_input
from shared.usecases.inventory.decisions import DECISIONS, decisions_in
from shared.usecases.inventory.kept_inventory import INVENTORY, added_up, inventory_kept
from shared.usecases.inventory.people import PEOPLE, directory_of
from shared.usecases.inventory.report import InventoryReport, MakeReport


async def begin_report(
    archive: OpenedArchive, run: str, *, as_kept: bool = False
) -> InventoryReport:
    """Return a report on a run before any thread was looked at.

    With `as_kept` it rests on what the archive kept of the run, and on nothing else.

    Raises:
        Transient: the archive cannot be reached.

    """
    inventory = Inventory() if as_kept else await archive.run(run).load()
    strays: list[str] = []
    report = InventoryReport(
        run=run,
        inventory=inventory,
        written_on=format_time(utc_now().replace(microsecond=0)),
        address=archive.address,
        strays=strays,
    )
    try:
        there = await read_input(archive.archive, INVENTORY, DECISIONS, PEOPLE)
    except IntegrityError as error:
        strays.append(f"what is kept beside threads cannot be read: {error}")
    else:
        report.people = directory_of(there)
        report.decisions = decisions_in(there)
        kept = inventory_kept(there, run)
        report.kept_in_archive = inventory.is_empty and not kept.is_empty
        report.inventory = added_up(kept, inventory)
    if report.inventory.is_empty:
        report.run = ""
    return report


async def make_report(
    archive: OpenedArchive, run: str, mapped: Collection[str] | None = None
) -> InventoryReport:
    """Report on a run and on the archive; `mapped` are authors with an identity.

    Raises:
        Transient: the archive cannot be reached.

    """
    make = MakeReport(archive=archive.archive, settle=settle_of(archive))
    return await make(await begin_report(archive, run), mapped)
