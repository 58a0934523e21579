"""Scope: which lines an order covers, by their facts alone.

Rule 1: a message is covered by its id, whenever a line of it comes. Else the scope
        takes, up to the order's revision, all lines, and of later ones those whose time
        is before the order's. A line's time is its message's id, else its event's, else
        when it was received; a line with none counts as before.
Rule 2: a line without a sender follows the senders of its message. Only lines of kind
        message say who that is, and only those up to the order's revision; for a later
        line, those up to its own.
Rule 3: unreadable lines may hold anything: every order covers them.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from shared.domain.evidence.moments import microseconds
from shared.domain.evidence.orders import Order, ScopeKind
from shared.domain.evidence.words import UNREADABLE

Facts = Mapping[str, Any]


class Senders:
    """Who sent each message, and since which revision a line says so.

    Only the people in `wanted` are remembered: those whom orders are about.
    """

    def __init__(self, wanted: Collection[str]) -> None:
        self.wanted = frozenset(wanted)
        self.since: dict[tuple[str, str], int] = {}

    def add(self, facts: Facts, revision: int) -> None:
        """Note what a line of a revision says of its message's sender."""
        sender = facts.get("sender")
        if facts["kind"] == "message" and sender in self.wanted:
            key = (facts["message"], sender)
            self.since[key] = min(revision, self.since.get(key, revision))

    def sent(self, message: str, people: Iterable[str], revision: int) -> bool:
        """Return whether a line up to a revision says that one of these sent it."""
        return any(
            self.since.get((message, person), revision + 1) <= revision
            for person in people
        )


def wanted_senders(orders: Iterable[Order]) -> set[str]:
    """Return the people whose messages orders are about."""
    return {
        person
        for order in orders
        if order.scope is ScopeKind.PARTICIPANT
        for person in order.ids
    }


def covers(order: Order, facts: Facts, revision: int, senders: Senders) -> bool:
    """Return whether an order covers a line of a revision."""
    is_later = revision > order.revision
    if order.scope is ScopeKind.MESSAGE and facts.get("message") in order.ids:
        return True
    if is_later and not is_before(facts, order.when):
        return False
    if facts["kind"] == UNREADABLE:
        return True
    if order.scope is ScopeKind.MESSAGE:
        return False
    if order.scope is ScopeKind.TOPIC:
        return "topic" in facts or facts["file"] == "quarantine"
    return concerns(facts, order.ids, senders, revision if is_later else order.revision)


def concerns(
    facts: Facts, people: Collection[str], senders: Senders, revision: int
) -> bool:
    """Return whether a line is by one of these people, or about them."""
    if facts.get("actor") in people or not set(people).isdisjoint(
        facts.get("people", ())
    ):
        return True
    if "sender" in facts:
        return facts["sender"] in people
    message = facts.get("message")
    return message is not None and senders.sent(message, people, revision)


def is_before(facts: Facts, when: str) -> bool:
    """Return whether a line's time is before an order's."""
    if "message" in facts:
        return int(facts["message"]) * 1000 < microseconds(when)
    time = facts.get("time") or facts.get("received_on")
    return time is None or microseconds(time) < microseconds(when)


def order_due(
    orders: Iterable[Order], facts: Facts, revision: int, senders: Senders
) -> int:
    """Return the number of the order that has to name a line; 0 for none.

    It is the first that was given when the line was there and covers it. A line that
    was written erased is none's.
    """
    if "order" in facts:
        return 0
    return next(
        (
            order.number
            for order in orders
            if revision <= order.revision and covers(order, facts, revision, senders)
        ),
        0,
    )


def orders_before(
    orders: Iterable[Order], facts: Facts, revision: int, senders: Senders
) -> list[int]:
    """Return the numbers of the older orders that cover a later line.

    Such a line is written erased, with one of these numbers in its facts.
    """
    return [
        order.number
        for order in orders
        if revision > order.revision and covers(order, facts, revision, senders)
    ]
