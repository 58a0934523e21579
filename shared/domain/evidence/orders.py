"""Orders to erase: who had which lines of a thread erased, when and why.

Rule 1: an order names exactly the lines up to its revision, not erased before, that its
        scope covers by their facts; verifiers compute them from `scope`.
Rule 2: orders of a thread are numbered from 1; revisions never go back in them.
Rule 3: the order's ledger line follows from the order, and binds it to the thread.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.domain.evidence import canonical, ledger_lines
from shared.domain.evidence.moments import is_given_time
from shared.domain.evidence.seals import SealedFile, files_json, files_of
from shared.domain.evidence.shapes import (
    exactly,
    has_shape,
    is_line,
    is_number,
    is_random,
    is_sorted_texts,
    is_string,
    is_texts,
    one_of,
)
from shared.domain.evidence.words import INPUT_FILES, INPUT_KINDS

FORMAT = 2
FILES = (*INPUT_FILES, *INPUT_KINDS)


class ScopeKind(StrEnum):
    """What an order is about."""

    MESSAGE = "message"
    PARTICIPANT = "participant"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order. `when` is the storage's time; `lines` are `file:first-end`.

    `ids` are those of messages, or raw ids of people; none for a topic. `holds` are the
    holds that were in force for a line that it names. `files` are those of the newest
    revision, rendered anew.
    """

    number: int
    random: str
    revision: int
    who: str
    when: str
    why: str
    scope: ScopeKind
    ids: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    lines: tuple[str, ...]
    files: tuple[SealedFile, ...] = field(default=())

    @property
    def json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "random": self.random,
            "revision": self.revision,
            "who": self.who,
            "when": self.when,
            "why": self.why,
            "scope": str(self.scope),
            "ids": list(self.ids),
            "holds": list(self.holds),
            "lines": list(self.lines),
            "files": files_json(self.files),
        }

    @property
    def digest(self) -> str:
        return hashlib.sha256(canonical.encode(self.json)).hexdigest()

    def ledger_line(self, thread_key: str) -> bytes:
        """Return the order's one line of the ledger, with its LF."""
        return ledger_lines.encode_line(
            ledger_lines.LineKind.ERASURE,
            thread_key,
            {
                "number": self.number,
                "random": self.random,
                "who": self.who,
                "when": self.when,
                "order": self.digest,
            },
        )


SHAPE = {
    "number": is_number,
    "random": is_random,
    "revision": is_number,
    "who": is_line,
    "when": is_given_time,
    "why": is_string,
    "scope": one_of(*ScopeKind),
    "ids": is_sorted_texts,
    "holds": is_sorted_texts,
    "lines": is_texts,
    "files": lambda value: isinstance(value, list),
}


def order_of(value: Any) -> Order:
    """Return the order in a JSON value.

    Raises:
        ValueError: it is not an order.

    """
    if not has_shape(value, SHAPE):
        raise ValueError("not an order")
    if bool(value["ids"]) == (value["scope"] == ScopeKind.TOPIC):
        raise ValueError("an order needs ids, unless it is for a topic")
    order = Order(
        **value
        | {
            "scope": ScopeKind(value["scope"]),
            "ids": tuple(value["ids"]),
            "holds": tuple(value["holds"]),
            "lines": tuple(value["lines"]),
            "files": files_of(value["files"]),
        }
    )
    named = [(file, index) for file, span in named_ranges(order) for index in span[:1]]
    if not named or order.lines != lines_named(named_lines(order)):
        raise ValueError("an order names no line, or not in their order")
    return order


def encode_orders(orders: Sequence[Order]) -> bytes:
    """Return the bytes of `erasures.json`."""
    value = {"format": FORMAT, "orders": [order.json for order in orders]}
    return canonical.encode(value) + b"\n"


ORDERS_SHAPE = {
    "format": exactly(FORMAT),
    "orders": lambda value: isinstance(value, list) and value != [],
}


def decode_orders(data: bytes) -> tuple[Order, ...]:
    """Return the orders in `erasures.json`.

    Raises:
        ValueError: it is not in its own encoding, or an order is out of its place.

    """
    if not data.endswith(b"\n"):
        raise ValueError("it has no LF at its end")
    value = canonical.decode(data[:-1])
    if not has_shape(value, ORDERS_SHAPE):
        raise ValueError("not a list of orders")
    orders = tuple(map(order_of, value["orders"]))
    if [order.number for order in orders] != list(range(1, len(orders) + 1)):
        raise ValueError("the orders are not numbered from 1")
    revisions = [order.revision for order in orders]
    if revisions != sorted(revisions):
        raise ValueError("an order is of an older revision than the one before")
    return orders


def named_ranges(order: Order) -> Iterator[tuple[str, range]]:
    """Yield each range of lines that an order names, with its file.

    Raises:
        ValueError: a name is not `file:first-end`.

    """
    for name in order.lines:
        file, _, numbers = name.partition(":")
        match = canonical.RANGE.fullmatch(numbers)
        if file not in FILES or match is None or int(match[1]) >= int(match[2]):
            raise ValueError("not the name of lines")
        yield file, range(int(match[1]), int(match[2]))


def named_lines(order: Order) -> Mapping[str, list[range]]:
    """Return the ranges of lines that an order names, by file."""
    ranges: dict[str, list[range]] = {}
    for file, span in named_ranges(order):
        ranges.setdefault(file, []).append(span)
    return ranges


def lines_named(ranges: Mapping[str, Iterable[range]]) -> tuple[str, ...]:
    """Return ranges of lines as an order names them: by file, joined if they meet."""
    names = []
    for file in FILES:
        joined: list[range] = []
        for span in sorted(ranges.get(file, ()), key=lambda span: span.start):
            if joined and joined[-1].stop >= span.start:
                stop = max(joined[-1].stop, span.stop)
                joined[-1] = range(joined[-1].start, stop)
            else:
                joined.append(span)
        names += [f"{file}:{span.start}-{span.stop}" for span in joined]
    return tuple(names)
