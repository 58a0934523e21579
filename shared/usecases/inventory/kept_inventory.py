"""The inventory of a backfill's run, kept in the archive: a report can rest on it.

The run's own state stands beside the archive, and goes with the account. What is kept
is the same facts, as archive-level input: only those that were not kept before.

Rule: who was erased does not come back by the next run, whose state still knows them.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from shared.domain import json_line
from shared.domain.inventory.facts import (
    Fact,
    ThreadDone,
    ThreadFound,
    UserListed,
    UserMet,
    fact_json,
    fact_of,
)
from shared.domain.inventory.state import Inventory
from shared.usecases.evidence.archive_input import ArchiveInput
from shared.usecases.evidence.read_input import ReadInput

INVENTORY = "inventory"
"""The kind of archive-level input that this is."""


async def keep_inventory(kept: ArchiveInput, run: str, inventory: Inventory) -> int:
    """Keep what is new of a run; return how many facts that were.

    Raises:
        IntegrityError: what is there cannot be read.
        Immutable: an erasure waits that the storage forbids.
        Transient: it may be there all the same; or another process writes.

    """
    there = await kept.read(INVENTORY)
    known = {json_line.canonical(each.value) for each in there.values(INVENTORY)}
    # What was so before, and is so again, is news: of these facts the last counts.
    last = {*inventory_kept(there, run).facts()}
    news = [
        value
        for fact in facts_without(there.erased_people, inventory)
        if json_line.canonical(value := value_of(run, fact)) not in known
        or (isinstance(fact, UserListed | ThreadDone) and fact not in last)
    ]
    await kept.add(INVENTORY, news)
    return len(news)


def facts_without(erased: Collection[str], inventory: Inventory) -> Iterator[Fact]:
    """Yield the facts of an inventory, but for what tells of erased people."""
    for fact in inventory.facts():
        match fact:
            case UserMet() | UserListed() if fact.id in erased:
                continue
            case ThreadFound() if fact.reader in erased:
                yield replace(fact, reader="")
            case _:
                yield fact


def value_of(run: str, fact: Fact) -> dict[str, Any]:
    return {"people": people_in(fact), "run": run, **fact_json(fact)}


def people_in(fact: Fact) -> list[str]:
    """Return the raw ids that an erasure finds a fact by."""
    match fact:
        case UserMet() | UserListed():
            return [fact.id]
        case ThreadFound():
            return [fact.reader] if fact.reader else []
    return []


def inventory_kept(there: ReadInput, run: str) -> Inventory:
    """Return the inventory of a run as it is kept; an empty one where it is not.

    Lines that are no facts are counted, as in the run's own state.
    """
    inventory = Inventory()
    for each in there.values(INVENTORY):
        if each.value.get("run") != run:
            continue
        try:
            inventory.apply(fact_of(each.value))
        except (ValueError, KeyError, TypeError):
            inventory.unreadable += 1
    return inventory


def added_up(kept: Inventory, known: Inventory) -> Inventory:
    """Return what was kept of a run, and what its own state knows since.

    That state may be gone and begun anew, or damaged: what was kept is not forgotten.
    """
    if not known.is_empty:
        kept.ended_on = known.ended_on
        kept.unreadable += known.unreadable
    for fact in known.facts():
        kept.apply(fact)
    return kept
