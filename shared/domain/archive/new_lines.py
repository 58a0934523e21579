"""The lines that a revision adds to the chain.

Rule 1: a record is new if, and only if, its commitment is not in the chain: its salt
        came with it, so an append that was repeated gives one line.
Rule 2: a listed item that is byte for byte an earlier one is not written again, nor one
        that has the facts of an erased line; the page names that line.
Rule 3: what an older order covers is written as an erased line from the start.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.domain import json_line
from shared.domain.archive.chain import Chain, ChainFile
from shared.domain.archive.known_items import KnownItems, erased_key
from shared.domain.evidence.content import read_content
from shared.domain.evidence.lines import (
    InputLine,
    make_erased_line,
    make_line,
)
from shared.domain.evidence.orders import Order
from shared.domain.evidence.pages import ranges_of, split_page
from shared.domain.evidence.scope import Senders, orders_before
from shared.domain.log.record import Record
from shared.domain.thread.listing import ListingOutcome, Page, PageKind

Draw = Callable[[], bytes]


def recorded_lines(file: str, records: Iterable[Record]) -> Iterator[InputLine]:
    """Yield the line of each record of the log, or of quarantine.

    A record whose time is in no form of ours is left out: nobody but this product
    writes one, and a torn line is counted by who reads the log.
    """
    for record in records:
        given = {"file": file, "received_on": record.received_on}
        content, value = read_content(record.text)
        try:
            yield make_line(given, content, record.salt, value)
        except ValueError:
            continue


def unknown(lines: Iterable[InputLine], known: ChainFile) -> Iterator[InputLine]:
    """Yield the lines that are not in the chain yet, each once."""
    seen = set(known.commitments)
    for line in lines:
        if line.commitment not in seen:
            seen.add(line.commitment)
            yield line


@dataclass(slots=True, kw_only=True)
class ListingLines:
    """Makes the lines of a listing: items that are new, each page, the outcome.

    `lines` are the new ones; they follow those that are known, whose items are `items`.
    """

    known: ChainFile
    number: int
    received_on: str
    draw: Draw
    lines: list[InputLine] = field(default_factory=list)
    items: KnownItems = field(init=False)

    def __post_init__(self) -> None:
        self.items = KnownItems(self.known)

    def add_page(self, page: Page, number: int) -> None:
        """Add an answer of the service."""
        answer = split_page(
            json_line.encode(page.body), is_list=page.kind is not PageKind.PROPERTIES
        )
        items = [
            self.place_of(page.kind, item, value)
            for item, value in zip(answer.items, answer.values, strict=True)
        ]
        given: dict[str, Any] = {
            "file": "listing",
            "received_on": self.received_on,
            "listing": self.number,
            "page": number,
            "origin": str(page.kind),
        }
        if items:
            given["items"] = ranges_of(items)
        self.lines.append(make_line(given, answer.content, self.draw()))

    def place_of(self, kind: PageKind, item: bytes, value: Any) -> int:
        """Return the line of an item, a new one where no earlier line is the same."""
        place = self.items.places.get((str(kind), item))
        if place is not None:
            return place
        given = {"file": "listing", "origin": str(kind)}
        line = make_line(given, item, self.draw(), value)
        place = self.items.erased.get(erased_key(line.facts))
        if place is not None:
            return place
        place = len(self.known) + len(self.lines)
        self.lines.append(line)
        self.items.note(place, line)
        return place

    def add_outcome(self, outcome: ListingOutcome) -> None:
        """Add who read, and with what visibility."""
        given = {
            "file": "listing",
            "received_on": self.received_on,
            "listing": self.number,
            "outcome": str(outcome.visibility),
        }
        content = json_line.encode(json_line.compact(outcome.to_json()))
        self.lines.append(make_line(given, content, self.draw()))


def as_erased(
    lines: Sequence[InputLine], orders: Sequence[Order], number: int, senders: Senders
) -> list[InputLine]:
    """Return the lines of a new revision, erased where an older order covers them.

    `senders` knows who sent which message, these lines included.
    """
    return [
        make_erased_line(line, before[0])
        if (before := orders_before(orders, line.facts, number, senders))
        else line
        for line in lines
    ]


def senders_with(
    chain: Chain, new: Iterable[InputLine], number: int, wanted: Iterable[str]
) -> Senders:
    """Return who sent which message, by the chain and by new lines."""
    senders = chain.senders(wanted)
    for line in new:
        senders.add(line.facts, number)
    return senders
