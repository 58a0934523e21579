"""The ledger: a line for every change of the archive, one append blob per day.

Rule 1: a line is compact JSON and carries the SHA-256 of the canonical form of its
        other fields.
Rule 2: the same line may be written twice; lines of one kind are read as a set.
Rule 3: the line that closes a day commits to every line before it, in order, and to
        the closing line of the previous day. Only a copy of itself may follow it.
Rule 4: the head is the tree over all lines up to the end of the first open day, so a
        later head always extends an earlier one.
Rule 5: in a package, a line of a thread that is not in it is withheld: its leaf hash
        takes its place, and every root stays the same.
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
"""How long after its end a day may be closed: no append to it is under way by then."""
LONGEST_LINE = 64 * 1024
WITHHELD = re.compile(rb'\{"withheld":"([0-9a-f]{64})"\}')
SEGMENT = re.compile(r"ledger/([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.([0-9]{4,}))?\.jsonl")


class LineKind(StrEnum):
    """What a line records."""

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
    """Return the line of a revision: a function of its manifest, so repeats are equal.

    Because of this line, an archive that was removed is noticed.
    """
    facts = {
        "thread_id": manifest.thread_id,
        "revision": manifest.revision,
        "manifest_sha256": manifest.sha256,
        "archived_on": manifest.archived_on,
    }
    return encode_line(LineKind.REVISION, facts)


def closing_line(day: date, tree: Tree, previous: tuple[str, str] | None) -> bytes:
    """Return the line that closes a day, given the tree over its lines.

    `previous` is the previous day and the digest of its closing line; None for the
    first.
    """
    facts = {
        "day": day.isoformat(),
        "lines": tree.size,
        "root": tree.root,
        "previous": previous and {"day": previous[0], "sha256": previous[1]},
    }
    return encode_line(LineKind.CLOSED, facts)


def withheld_line(line: bytes) -> bytes:
    """Return the line that replaces `line`, given without LF, where it is withheld."""
    return b'{"withheld":"%s"}\n' % leaf_hash(line).hex().encode()


def decode_line(line: bytes) -> LineFacts:
    """Read a line, without its LF.

    Raises:
        IntegrityError: the line is in an unknown form, or was changed.

    """
    try:
        value = json_line.parse(line)
        rest = {name: field for name, field in value.items() if name != "sha256"}
        if value["schema"] != SCHEMA or value["kind"] not in set(LineKind):
            raise IntegrityError("a line of the ledger has an unknown kind")
        digest = sha256(json_line.canonical(rest))
        whole = json_line.encode(json_line.compact(rest | {"sha256": digest}))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError("a line of the ledger cannot be read") from None
    if whole != line:
        raise IntegrityError("a line of the ledger does not match its own digest")
    return dict(value)


def segment_key(path: str) -> tuple[str, int] | None:
    """Return day and roll of a ledger segment; None for any other path."""
    match = SEGMENT.fullmatch(path)
    try:
        return (
            (str(date.fromisoformat(match[1])), int(match[2] or 0)) if match else None
        )
    except ValueError:
        return None  # no calendar has this day


def by_day(paths: Iterable[str]) -> dict[date, list[str]]:
    """Return the ledger's segments by day, and by roll within a day."""
    days: dict[date, list[str]] = {}
    segments = [(key, path) for path in paths if (key := segment_key(path))]
    for (day, _), path in sorted(segments):
        days.setdefault(date.fromisoformat(day), []).append(path)
    return days


def may_be_closed(day: date, now: datetime) -> bool:
    """Return whether no append to that day can still be under way."""
    end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return now >= end + CLOSED_AFTER


class LedgerReader:
    """Reads the ledger line by line, in order, and reports what breaks it."""

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
        """The days that have no closing line yet, including the current one."""
        is_open = self.day != date.min and not self.closing
        return [*self.open_days, *([self.day] if is_open else [])]

    def begin(self, day: date) -> None:
        """Begin the next day."""
        self.open_days = self.unclosed
        self.day, self.day_tree, self.closing = day, Tree(), b""

    def read(self, line: bytes) -> tuple[LineFacts | None, str]:
        """Read the next line, without LF; return its facts and the problem, or ""."""
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
            return "" if line == self.closing else "a line follows the end of the day"
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
                "the end of the day does not match the lines or the day before it: "
                "a line or a day was removed, added, changed or moved"
            )
        return ""
