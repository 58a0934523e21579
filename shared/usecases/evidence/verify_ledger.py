"""Verify the ledger: every line, every blob's end, the checkpoint; look up lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from shared.domain.evidence.checkpoint import Checkpoint
from shared.domain.evidence.ledger import (
    LedgerReader,
    PlacedLine,
    blob_numbers,
    blob_path,
)
from shared.domain.evidence.ledger_lines import LineKind
from shared.domain.evidence.orders import Order
from shared.ports.evidence_files import EvidenceFiles
from shared.usecases.evidence.findings import Finding, failure, lines_of, note

NOT_RECORDED = "an erasure is not finished: the ledger has no line of this order"

MOST_AHEAD = timedelta(days=7)
"""How far a clock may have been ahead when an order was given: one that was put right
since must not make an honest archive fail."""


@dataclass(slots=True)
class VerifiedLedger:
    """The lines of a ledger that was read, by kind and thread key."""

    reader: LedgerReader = field(default_factory=LedgerReader)
    lines: dict[tuple[LineKind, str], list[PlacedLine]] = field(default_factory=dict)
    withheld: dict[LineKind, int] = field(default_factory=dict)
    withheld_keys: set[str] = field(default_factory=set)
    last: PlacedLine | None = None
    checkpoint: Checkpoint | None = None
    root_at_checkpoint: str = ""

    @property
    def size(self) -> int:
        return self.reader.tree.size

    def of(self, kind: LineKind, key: str) -> list[PlacedLine]:
        """Return the lines of a kind that concern a thread, but for withheld ones."""
        lines = self.lines.get((kind, key), ())
        return [placed for placed in lines if not placed.line.is_withheld]

    def note_root(self) -> None:
        """Remember the root where the checkpoint was made."""
        if self.checkpoint and self.size == self.checkpoint.size:
            self.root_at_checkpoint = self.reader.tree.root

    def add(self, placed: PlacedLine) -> None:
        line = placed.line
        self.last = placed
        self.lines.setdefault((line.kind, line.thread_key), []).append(placed)
        if line.is_withheld:
            self.withheld[line.kind] = self.withheld.get(line.kind, 0) + 1
            self.withheld_keys.add(line.thread_key)


def verify_ledger(
    files: EvidenceFiles,
    names: Sequence[str],
    ledger: VerifiedLedger,
    checkpoint: Checkpoint | None,
) -> Iterator[Finding]:
    """Yield what is wrong with the ledger; fill `ledger` on the way."""
    numbers = blob_numbers(names)
    ledger.checkpoint = checkpoint
    ledger.note_root()
    for number in numbers:
        is_last = number == numbers[-1]
        try:
            ledger.reader.begin(number)
        except ValueError as error:
            yield failure(blob_path(number), str(error))
        try:
            yield from read_blob(files, blob_path(number), ledger, is_last=is_last)
        except OSError:
            yield failure(blob_path(number), "it cannot be read")
    if checkpoint and ledger.size < checkpoint.size:
        yield failure(
            "ledger", "it is older than the checkpoint, or its end was removed"
        )
    elif checkpoint and ledger.root_at_checkpoint != checkpoint.root:
        yield failure("ledger", "it does not begin as the checkpoint says")


def read_blob(
    files: EvidenceFiles, path: str, ledger: VerifiedLedger, *, is_last: bool
) -> Iterator[Finding]:
    """Yield what is wrong with the lines of one blob; add them to `ledger`."""
    for data, is_whole in lines_of(files, path):
        if is_whole:
            yield from read_line(ledger, path, data)
            ledger.note_root()
        elif is_last:
            yield note(path, "its last line is torn, and counts for nothing")
        else:
            yield failure(path, "its last line is torn")
    if not ledger.reader.is_begun and not is_last:
        yield failure(path, "it holds no line")


def read_line(ledger: VerifiedLedger, path: str, data: bytes) -> Iterator[Finding]:
    placed = None
    try:
        placed = ledger.reader.read(data)
    except ValueError as error:
        yield failure(path, f"a line is wrong: {error}")
        placed = ledger.reader.misplaced
    if placed:
        ledger.add(placed)


def recorded_orders(
    path: str,
    orders: Sequence[Order],
    key: str,
    places: dict[int, int],
    ledger: VerifiedLedger,
    today: str,
) -> Iterator[Finding | Order]:
    """Yield the orders that the ledger records, and what is wrong with any.

    `places` has the place in the ledger of each revision's line.
    """
    entries = ledger.of(LineKind.ERASURE, key)
    by_digest = {placed.line.members["order"]: placed for placed in entries}
    newest = max((placed.line.members["number"] for placed in entries), default=0)
    at = -1
    for order in orders:
        place = f"{path}, order {order.number}"
        placed = by_digest.pop(order.digest, None)
        if placed is None or not is_line_of(order, placed):
            is_last = order.number > newest
            yield failure(
                place, NOT_RECORDED if is_last else "the ledger records another order"
            )
            continue
        yield order
        next_revision = min((n for n in places if n > order.revision), default=0)
        end = places.get(next_revision, ledger.size)
        start = max(at, places.get(order.revision, ledger.size))
        if not start < placed.index < end:
            yield failure(place, "its line stands at another place of the ledger")
        recorded_on = ledger.reader.closed_on.get(placed.blob, today)
        if order.when[:10] > last_day(recorded_on):
            reason = "it is dated over a week after the day on which it was recorded"
            yield failure(place, reason)
        at = placed.index
    for placed in by_digest.values():
        number = placed.line.members["number"]
        yield failure(path, f"it lacks order {number} of the ledger")


def last_day(recorded_on: str) -> str:
    """Return the last day of `when` for an order whose blob was closed on that day."""
    try:
        return (date.fromisoformat(recorded_on) + MOST_AHEAD).isoformat()
    except (ValueError, OverflowError):
        return recorded_on


def is_line_of(order: Order, placed: PlacedLine) -> bool:
    """Return whether a line of the ledger, of the order's digest, says the same."""
    members = placed.line.members
    said = (members["number"], members["random"], members["who"], members["when"])
    return said == (order.number, order.random, order.who, order.when)
