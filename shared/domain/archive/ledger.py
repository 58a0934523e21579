"""The ledger: one line for whatever is done to the archive, one append blob a day.

Rule 1: a line is compact JSON and carries the SHA-256 of its own canonical rest.
Rule 2: the same line may stand twice; lines of one kind are read as a set.
Rule 3: the line that closes a day commits to every line before it, in their order, and
        to the closing line of the day before. Nothing but itself may follow it.
Rule 4: the head is the tree over all lines up to the end of the first open day, so a
        later head always extends an earlier one.
Rule 5: in a package, a line of a thread that is not in it is withheld: its leaf hash
        stands in its place, and every root comes out the same.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.domain import json_line
from shared.domain.archive.evidence import Tree, leaf_hash
from shared.domain.archive.manifest import Manifest
from shared.domain.errors import IntegrityError
from shared.domain.log.commitment import sha256
from shared.domain.log.record import SCHEMA

CLOSED_AFTER = timedelta(hours=1)
"""How long after its end a day is closed: no append of that day is under way then."""
LONGEST_LINE = 64 * 1024
WITHHELD = re.compile(rb'\{"withheld":"([0-9a-f]{64})"\}')
SEGMENT = re.compile(r"ledger/(\d{4}-\d\d-\d\d)(?:\.(\d{4,}))?\.jsonl")


class LineKind(StrEnum):
    """What a line tells."""

    REVISION = "revision"
    ERASURE = "erasure"
    HOLD = "hold"
    CLOSED = "closed"


LineFacts = Mapping[str, Any]


def encode_line(kind: LineKind, facts: Mapping[str, Any]) -> bytes:
    """Return a line, with its LF."""
    line = {"schema": SCHEMA, "kind": kind, **facts}
    line["sha256"] = sha256(json_line.canonical(line))
    return json_line.encode(json_line.compact(line) + "\n")


def revision_line(manifest: Manifest) -> bytes:
    """Return the line of a revision: a function of its manifest, however often written.

    An archive that was removed is then missed.
    """
    facts = {
        "thread_id": manifest.thread_id,
        "revision": manifest.revision,
        "manifest_sha256": manifest.sha256,
        "archived_on": manifest.archived_on,
    }
    return encode_line(LineKind.REVISION, facts)


def closing_line(day: date, tree: Tree, previous: tuple[str, str] | None) -> bytes:
    """Return the line that closes a day of these lines after the `previous` day."""
    facts = {
        "day": day.isoformat(),
        "lines": tree.size,
        "root": tree.root,
        "previous": previous and {"day": previous[0], "sha256": previous[1]},
    }
    return encode_line(LineKind.CLOSED, facts)


def withheld_line(line: bytes) -> bytes:
    """Return what stands for a line (without LF) that a package does not show."""
    return b'{"withheld":"%s"}\n' % leaf_hash(line).hex().encode()


def decode_line(line: bytes) -> LineFacts:
    """Read a line, without its LF.

    Raises:
        IntegrityError: it is not one that this product writes, or it was changed.

    """
    try:
        value = json_line.parse(line)
        rest = {name: one for name, one in value.items() if name != "sha256"}
        if value["schema"] != SCHEMA or value["kind"] not in set(LineKind):
            raise IntegrityError("a line of the ledger is of an unknown kind")
        digest = sha256(json_line.canonical(rest))
        whole = json_line.encode(json_line.compact(rest | {"sha256": digest}))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError("a line of the ledger cannot be read") from None
    if whole != line:
        raise IntegrityError("a line of the ledger does not match its own digest")
    return dict(value)


def segment_key(path: str) -> tuple[str, int] | None:
    """Return day and roll of a segment of the ledger; None for what is none."""
    match = SEGMENT.fullmatch(path)
    return (match[1], int(match[2] or 0)) if match else None


def by_day(paths: Iterable[str]) -> dict[date, list[str]]:
    """Sort the ledger's segments by day, and by roll inside it."""
    days: dict[date, list[str]] = {}
    found = [(key, path) for path in paths if (key := segment_key(path))]
    for (day, _), path in sorted(found):
        days.setdefault(date.fromisoformat(day), []).append(path)
    return days


def may_be_closed(day: date, now: datetime) -> bool:
    """Return whether no append to that day can be under way any more."""
    end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return now >= end + CLOSED_AFTER


class LedgerReader:
    """Follows the ledger line by line, in order, and tells what breaks it."""

    def __init__(self) -> None:
        self.head = Tree()
        self.withheld = 0
        self.last_closed: tuple[str, str] | None = None
        self.open_days: list[date] = []
        self.day = date.min
        self.day_tree = Tree()
        self.closing = b""

    @property
    def unclosed(self) -> list[date]:
        """The days whose end has not come yet, the present one included."""
        is_open = self.day != date.min and not self.closing
        return [*self.open_days, *([self.day] if is_open else [])]

    def begin(self, day: date) -> None:
        """Go on with the next day."""
        self.open_days = self.unclosed
        self.day, self.day_tree, self.closing = day, Tree(), b""

    def read(self, line: bytes) -> tuple[LineFacts | None, str]:
        """Take the next line, without LF; give it read, and what is wrong or ""."""
        match = WITHHELD.fullmatch(line)
        hashed = bytes.fromhex(match[1].decode()) if match else leaf_hash(line)
        if not self.open_days:
            self.head.add(hashed)
        if match:
            self.withheld += 1
            self.day_tree.add(hashed)
            return None, ""
        try:
            value = decode_line(line)
        except IntegrityError as error:
            self.day_tree.add(hashed)
            return None, str(error)
        problem = self.judge(line, value)
        if value["kind"] != LineKind.CLOSED:
            self.day_tree.add(hashed)
        return value, problem

    def judge(self, line: bytes, value: LineFacts) -> str:
        if self.closing:
            return "" if line == self.closing else "a line stands after the day's end"
        if value["kind"] != LineKind.CLOSED:
            return ""
        self.closing = line
        before, self.last_closed = (
            self.last_closed,
            (self.day.isoformat(), sha256(line)),
        )
        if self.open_days:
            return f"an earlier day, {self.open_days[0]}, was never closed"
        if line + b"\n" != closing_line(self.day, self.day_tree, before):
            return (
                "the day's end does not match the lines before it, or the day before: "
                "a line or a day was removed, added, changed or moved"
            )
        return ""
