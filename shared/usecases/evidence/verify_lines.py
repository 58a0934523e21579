"""Verify the lines of an input one by one: leaf, facts, salt, orders on each."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shared.domain.archive.chain import Chain
from shared.domain.evidence import canonical
from shared.domain.evidence.lines import (
    InputLine,
    check_content,
    cut_line,
    parts_of_line,
)
from shared.domain.evidence.orders import Order, named_lines
from shared.domain.evidence.pages import LONGEST_PAGE, indexes_in
from shared.domain.evidence.scope import Senders, order_due, orders_before
from shared.domain.evidence.tree import Tree, leaf_hash
from shared.ports.evidence_files import EvidenceFiles
from shared.usecases.evidence.findings import Finding, failure, lines_of
from shared.usecases.evidence.verify_holds import UnnamedHolds

SHORT = 16
"""Bytes of a commitment that are held to find it again."""


@dataclass(slots=True)
class VerifiedInput:
    """The input of a thread while it is read, revision by revision.

    Memory grows by some 200 bytes a line, whatever the lines hold.
    """

    orders: Sequence[Order]
    senders: Senders
    holds: UnnamedHolds = field(default_factory=UnnamedHolds)
    trees: dict[str, Tree] = field(default_factory=dict)
    salts: bytearray = field(default_factory=bytearray)
    """All salts that are left, in the order of the input."""
    by_salt: dict[bytes, bytes] = field(default_factory=dict)
    erased: set[bytes] = field(default_factory=set)
    items: bytearray = field(default_factory=bytearray)
    """For each line of the listing: 1 where it is an item."""
    attachments: dict[str, bytes] = field(default_factory=dict)
    """By name: the salt of each file that lines of this revision say is there."""
    pending: set[str] = field(default_factory=set)
    """Names of files that go when an erasure is finished."""
    unfinished: set[int] = field(default_factory=set)
    """The orders that name a line which still has its content."""
    chain: Chain | None = None
    """The lines so far, where they are to be rendered; None once one cannot be."""
    named: dict[str, list[tuple[list[range], int]]] = field(init=False)
    """By file: the ranges of each order that names some, in order, and its number."""

    def __post_init__(self) -> None:
        self.named = {}
        for order in self.orders:
            for file, spans in named_lines(order).items():
                self.named.setdefault(file, []).append((spans, order.number))

    def tree(self, file: str) -> Tree:
        return self.trees.setdefault(file, Tree())

    def read(
        self, files: EvidenceFiles, path: str, file: str, revision: int
    ) -> Iterator[Finding]:
        """Yield what is wrong with the lines of one file.

        Raises:
            OSError: the file cannot be read.

        """
        tree = self.tree(file)
        for data, is_whole in lines_of(files, path):
            place = f"{path}, line {tree.size} of {file}"
            line = whole_line(data, file) if is_whole else None
            parts = parts_of_line(data, line) if line else None
            tree.add(parts.leaf if parts else leaf_hash(data))
            if line is None:
                self.chain = None
                self.items.extend(b"\0" if file == "listing" else b"")
                yield failure(place, "no line, or not one of this file")
                continue
            if self.chain:
                self.chain.files[file].add(data, parts)
            for reason in self.problems(line, revision, tree.size - 1):
                yield failure(place, reason)

    def problems(self, line: InputLine, revision: int, index: int) -> Iterator[str]:
        """Yield what is wrong with a line, given the orders and the lines before it."""
        facts, short = line.facts, line.commitment[:SHORT]
        naming = self.naming(facts["file"], index)
        reason = self.problem_of_orders(line, revision, naming)
        if reason:
            yield reason
        for number in naming:
            self.holds.check(number, facts, revision, self.senders)
        if line.is_erased:
            self.erased.add(short)
        else:
            self.salts += line.salt
            if self.by_salt.setdefault(line.salt, short) != short:
                yield "its salt was used before"
        if facts["file"] == "listing":
            yield from self.page_problems(line, index)
        if "stored" in facts and not line.is_erased:
            self.attachments[facts["stored"]] = line.salt
            self.pending |= {facts["stored"]} if naming else set()

    def naming(self, file: str, index: int) -> list[int]:
        """Return the numbers of the orders that name a line."""
        return [
            number
            for spans, number in self.named.get(file, ())
            # It may name every second line of very many.
            if (at := bisect_right(spans, index, key=start_of))
            and index in spans[at - 1]
        ]

    def problem_of_orders(
        self, line: InputLine, revision: int, naming: list[int]
    ) -> str:
        """Return what is wrong between a line and the orders; "" for nothing."""
        facts = line.facts
        before = orders_before(self.orders, facts, revision, self.senders)
        if "order" in facts:
            is_covered = not naming and facts["order"] in before
            return "" if is_covered else "no older order has it erased from the start"
        due = order_due(self.orders, facts, revision, self.senders)
        if naming != ([due] if due else []):
            return f"orders {naming} name it, and order {due} covers it"
        if line.is_erased:
            return "" if naming else "it is erased, and no order names it"
        if naming:
            self.unfinished.add(due)
            return f"an erasure is not finished: order {due} names this line"
        return f"order {before[0]} covers it, and it has its content" if before else ""

    def page_problems(self, line: InputLine, index: int) -> Iterator[str]:
        """Yield what is wrong with the items that a page says it is made of."""
        facts, count = line.facts, 0
        self.items.append("page" not in facts and "outcome" not in facts)
        for span in indexes_in(facts.get("items", ())):
            count += len(span)
            if span.stop > index or 0 in self.items[span.start : span.stop]:
                yield "it is made of lines that are no items before it"
        if (
            facts["kind"] == "page"
            and not line.is_erased
            and (not is_page(line.content, count))
        ):
            yield "it has another number of items"

    def finish(self) -> Iterator[str]:
        """Yield what is wrong with all lines together."""
        for file, named in self.named.items():
            for spans, number in named:
                if spans[-1].stop > self.tree(file).size:
                    yield f"order {number} names lines of {file} that are not there"
        if not self.erased.isdisjoint(self.by_salt.values()):
            yield "an erased line stands with its content elsewhere"


def start_of(span: range) -> int:
    return span.start


def whole_line(data: bytes, file: str) -> InputLine | None:
    """Return a line whose facts are those of its content; None where it is none."""
    try:
        line = cut_line(data)
        check_content(line)
    except ValueError:
        return None
    return line if line.facts["file"] == file else None


def is_page(content: bytes, items: int) -> bool:
    """Return whether a content is that of a page with so many items."""
    try:
        page = canonical.decode(content, longest=LONGEST_PAGE)
        text, offsets = page["text"], page["offsets"]
        length = len(text.encode())
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    if not isinstance(offsets, list) or page.keys() != {"offsets", "text"}:
        return False
    if not all(type(at) is int and 0 <= at <= length for at in offsets):
        return False
    return len(offsets) == items and offsets == sorted(offsets)
