"""What a service and its people said, and what of it has to be gone by now.

Every text that is said holds a token of its own. Each line that may hold one is an
occurrence, with all that an order could cover it by; nothing here asks the product.
"""

import itertools
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A line that holds tokens, as it came in.

    `time` is the service's, or that at which an unreadable line was received; None
    where there is none. Of a line that `follows`, the message's senders decide.
    """

    tokens: tuple[str, ...]
    thread: str
    message: str = ""
    people: frozenset[str] = frozenset()
    follows: bool = False
    topic: bool = False
    unreadable: bool = False
    time: datetime | None = None
    place: str = "log"
    """`log` and `quarantine` are archived by the next finalization, `listed` where that
    lists; what is `torn` never becomes a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An order that was given, and the occurrences that came before it."""

    scope: str
    ids: frozenset[str]
    when: datetime
    before: frozenset[int]


@dataclass(slots=True)
class Model:
    """All threads. Tokens are drawn here."""

    said: list[Occurrence] = field(default_factory=list)
    archived: set[int] = field(default_factory=set)
    """Occurrences, by their number, that some revision holds for certain."""
    unsure: set[int] = field(default_factory=set)
    """Occurrences of which nobody can tell whether they came before an order."""
    orders: dict[str, list[Ordered]] = field(default_factory=dict)
    senders: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def token(self):
        return f"tk{next(self.numbers):05d}zq"

    def note(self, **occurrence):
        self.said.append(Occurrence(**occurrence))

    def of(self, thread, *places):
        """Return the numbers of a thread's occurrences so far, by their place."""
        return {
            number
            for number, one in enumerate(self.said)
            if one.thread == thread and (one.place in places or not places)
        }

    def matches(self, scope, ids, one):
        if one.unreadable or one.place == "torn":
            return True
        if scope == "message":
            return one.message in ids
        if scope == "topic":
            return one.topic
        return any(self.concerns(one, person) for person in ids)

    def is_covered(self, number):
        one = self.said[number]
        return any(
            self.matches(order.scope, order.ids, one)
            and (
                number in order.before
                or one.place == "torn"
                or one.time is None
                or one.time < order.when
            )
            for order in self.orders.get(one.thread, ())
        )

    def concerns(self, one, person):
        """Return whether an occurrence is by somebody, or about them."""
        followed = self.senders.get((one.thread, one.message), set())
        return person in (followed if one.follows else one.people)

    def taken(self, scope, ids, known):
        """Return what an erasure takes of what is archived by then."""
        return [
            number
            for number in sorted(known - self.unsure)
            if self.said[number].tokens
            and self.matches(scope, ids, self.said[number])
            and not self.is_covered(number)
        ]

    def knows(self, scope, ids, known):
        """Return whether a readable line that is archived names one of these ids."""
        for one in (self.said[number] for number in known):
            named = one.people if scope == "participant" else {one.message}
            if not one.unreadable and not ids.isdisjoint(named):
                return True
        return scope == "topic"

    def would_take(self, scope, ids, known):
        """Return whether an order is due: an id that nothing names is nobody's."""
        return self.knows(scope, ids, known) and bool(self.taken(scope, ids, known))

    def states(self):
        """Return what has to be there, with its occurrences, and what has to be gone."""
        alive, gone, unsure = {}, set(), set()
        for number, one in enumerate(self.said):
            is_covered = self.is_covered(number)
            unsure |= set(one.tokens) if number in self.unsure else set()
            for token in one.tokens:
                gone.add(token)
                if not is_covered:
                    alive.setdefault(token, []).append(number)
        wanted = {
            token: [number for number in numbers if number in self.archived]
            for token, numbers in alive.items()
        }
        wanted = {t: n for t, n in wanted.items() if n and t not in unsure}
        return wanted, gone - alive.keys() - unsure
