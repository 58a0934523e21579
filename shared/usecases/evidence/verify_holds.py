"""Holds that were in force when an order was given, and that it does not name.

They are a note and no failure: a hold may reach the ledger between the plan of an
erasure and its line, and no honest archive may fail for that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain.evidence.ledger import PlacedLine
from shared.domain.evidence.ledger_lines import LineKind
from shared.domain.evidence.orders import Order
from shared.domain.evidence.scope import Senders, concerns
from shared.usecases.evidence.verify_ledger import VerifiedLedger

Hold = Mapping[str, Any]


@dataclass(slots=True)
class UnnamedHolds:
    """The holds in force for each order that it does not name."""

    by_order: dict[int, list[Hold]] = field(default_factory=dict)
    broken: set[tuple[int, str]] = field(default_factory=set)
    """Order and hold, where the order names a line that the hold covers."""

    def add(self, order: Order, key: str, ledger: VerifiedLedger) -> None:
        """Note the holds that were in force in a thread when an order was given."""
        recorded = [
            placed.index
            for placed in ledger.of(LineKind.ERASURE, key)
            if placed.line.members["order"] == order.digest
        ]
        self.by_order[order.number] = [
            hold
            for hold in in_force(key, recorded[0], ledger)
            if hold["hold"] not in order.holds
        ]

    @property
    def people(self) -> set[str]:
        """Everybody whom such a hold is about."""
        holds = (hold for holds in self.by_order.values() for hold in holds)
        return {hold["participant"] for hold in holds} - {""}

    def check(
        self, number: int, facts: Mapping[str, Any], revision: int, senders: Senders
    ) -> None:
        """Note which holds cover a line that an order names."""
        for hold in self.by_order.get(number, ()):
            person, message = hold["participant"], hold["message"]
            is_held = not person or concerns(facts, [person], senders, revision)
            if is_held and message in ("", facts.get("message")):
                self.broken.add((number, hold["hold"]))

    def notes(self) -> Iterator[str]:
        for number, hold in sorted(self.broken):
            yield f"order {number} took what hold {hold} covers, and does not say so"


def in_force(key: str, index: int, ledger: VerifiedLedger) -> list[Hold]:
    """Return the holds on a thread, or on people anywhere, at a place of the ledger."""
    lines: list[PlacedLine] = [
        *ledger.of(LineKind.HOLD, key),
        *(ledger.of(LineKind.HOLD, "") if key else ()),
    ]
    holds: dict[str, Hold] = {}
    for placed in sorted(lines, key=lambda placed: placed.index):
        hold = placed.line.members
        if placed.index >= index:
            break
        if hold["action"] == "add":
            holds[hold["hold"]] = hold
        else:
            holds.pop(hold["hold"], None)
    return list(holds.values())
