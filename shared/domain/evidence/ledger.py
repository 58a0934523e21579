"""The ledger: the lines of all blobs in order, one tree over all of them.

Rule 1: blobs are numbered from 1. Each but the first begins with a line `closed`, which
        holds number, lines and root of the ledger up to the end of the one before, and
        the storage's day on which it was closed.
Rule 2: a line that stands twice (a repeated append) counts where it first stands.
Rule 3: a blob is closed when the storage's day is later than the one that it begins
        with, or when it is full; nothing is appended to it after.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.evidence.ledger_lines import (
    LedgerLine,
    LineKind,
    decode_line,
    encode_line,
)
from shared.domain.evidence.tree import Tree, leaf_hash

BLOB = re.compile("ledger/([0-9]{6}|[1-9][0-9]{6,11})\\.jsonl")
MOST_BLOCKS = 50_000
"""Appends that an append blob takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLine:
    """A line of the ledger with its place among all lines, and its blob."""

    line: LedgerLine
    index: int
    blob: int


def blob_path(number: int) -> str:
    return f"ledger/{number:06d}.jsonl"


def blob_numbers(paths: Iterable[str]) -> list[int]:
    """Return the numbers of the blobs among paths, sorted."""
    matches = map(BLOB.fullmatch, paths)
    return sorted(int(match[1]) for match in matches if match)


def must_close(*, begun_on: str, today: str, blocks: int) -> bool:
    """Return whether a writer closes a blob instead of appending to it.

    `begun_on` is the day of its line `closed` (the first blob: of its creation), and
    `today` that of the storage, both as `YYYY-MM-DD`.
    """
    return today > begun_on or blocks >= MOST_BLOCKS


def closed_line(blob: int, tree: Tree, day: str) -> bytes:
    """Return the line that blob `blob + 1` begins with, given the tree up to `blob`."""
    members = {"blob": blob, "lines": tree.size, "root": tree.root, "day": day}
    return encode_line(LineKind.CLOSED, "", members)


class LedgerReader:
    """Reads the ledger line by line, in order."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.seen: set[bytes] = set()
        self.blob = 0
        self.is_begun = True
        self.misplaced: PlacedLine | None = None
        """The line that was refused last for its place; None where it was no line."""
        self.closed_on: dict[int, str] = {}
        """By blob: the day on which it was closed."""

    def begin(self, blob: int) -> None:
        """Begin the next blob.

        Raises:
            ValueError: a blob before it is missing.

        """
        expected, self.blob = self.blob + 1, blob
        self.is_begun = blob == 1
        if blob != expected:
            raise ValueError("a blob of the ledger before this one is missing")

    def read(self, data: bytes) -> PlacedLine | None:
        """Return the next line, given without LF; None where it is a repetition.

        Raises:
            ValueError: it is not a line, or not one that may stand here. It counts.

        """
        self.misplaced = None
        try:
            line = decode_line(data)
        except ValueError:
            self.tree.add(leaf_hash(data))
            self.is_begun = True
            raise
        is_first, self.is_begun = not self.is_begun, True
        if line.leaf in self.seen and not is_first:
            return None
        # A line `closed` commits to what stands before it.
        fits = self.fits(line, data)
        placed = PlacedLine(line=line, index=self.tree.size, blob=self.blob)
        self.seen.add(line.leaf)
        self.tree.add(line.leaf)
        self.misplaced = placed
        if is_first != (line.kind is LineKind.CLOSED):
            raise ValueError("a line `closed` begins a blob, and stands nowhere else")
        if is_first and not fits:
            raise ValueError("the line `closed` does not fit the lines before it")
        if is_first:
            self.closed_on[self.blob - 1] = line.members["day"]
        return placed

    def fits(self, line: LedgerLine, data: bytes) -> bool:
        """Return whether a line is the `closed` that belongs here, of any later day."""
        if line.kind is not LineKind.CLOSED or self.blob == 1:
            return False
        day, blob = line.members["day"], self.blob - 1
        is_later = day >= self.closed_on.get(blob - 1, "")
        return is_later and closed_line(blob, self.tree, day) == data + b"\n"
