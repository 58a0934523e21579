"""The ledger as a package holds it: every line, those of other threads withheld."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from shared.domain.errors import IntegrityError
from shared.domain.evidence.ledger_lines import LedgerLine, LineKind, decode_line
from shared.domain.evidence.package import PackageRequest
from shared.ports.archive_store import ArchiveFiles
from shared.usecases.evidence.read_ledger import LedgerText, read_ledger


@dataclass(slots=True, kw_only=True)
class PackedLedger:
    """A packed ledger, and what it says of the threads that are packed."""

    blobs: dict[str, list[bytes]] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    """By thread key: the newest revision that is recorded."""
    orders: set[str] = field(default_factory=set)
    """The digests of all orders that are recorded."""

    def add(self, path: str, data: bytes) -> None:
        self.blobs.setdefault(path, []).append(data)

    def note(self, line: LedgerLine) -> None:
        """Remember what a line says, where it is shown."""
        if line.is_withheld:
            return
        if line.kind is LineKind.REVISION:
            known = self.newest.get(line.thread_key, 0)
            self.newest[line.thread_key] = max(known, line.members["revision"])
        elif line.kind is LineKind.ERASURE:
            self.orders.add(line.members["order"])


@dataclass(frozen=True, slots=True, kw_only=True)
class PackLedger:
    """Packs a ledger for threads with these keys.

    With `everything`, all threads are packed that a line before `size` may name: a key
    that none of them has is that of a thread which was lost, and is shown.
    """

    archive: ArchiveFiles
    request: PackageRequest
    keys: Collection[str]
    everything: bool
    size: int
    on_failure: Callable[[str], None]

    async def __call__(self) -> PackedLedger:
        """Return the ledger, up to the package's own line where that is recorded.

        Raises:
            IntegrityError: it cannot be read, or it lacks that line.

        """
        packed = PackedLedger()
        async for text in read_ledger(self.archive):
            if text.problem:
                self.on_failure(f"{text.path}: {text.problem}")
            line = line_of(text)
            if line is None:
                # Of what is no line nobody knows whom it is about. Its place stays.
                packed.add(text.path, b"\n")
                continue
            packed.note(line)
            is_shown = self.is_shown(line, text)
            packed.add(text.path, text.data + b"\n" if is_shown else line.withheld)
            if self.is_own(line):
                return packed
        if self.request.recorded:
            raise IntegrityError("the ledger lacks the line of this package")
        return packed

    def is_shown(self, line: LedgerLine, text: LedgerText) -> bool:
        key = line.thread_key
        if line.kind is LineKind.CLOSED or key in self.keys or self.is_own(line):
            return True
        # No package holds archive-level input, nor the orders to erase it.
        is_beside = line.kind is LineKind.INPUT or (
            line.kind is LineKind.ERASURE and key == ""
        )
        if not self.everything or is_beside:
            return False
        is_lost = text.placed is not None and text.placed.index < self.size
        return key == "" or is_lost

    def is_own(self, line: LedgerLine) -> bool:
        own = {"random": self.request.random, "request": self.request.digest}
        return line.kind is LineKind.PACKAGE and line.members == own


def line_of(text: LedgerText) -> LedgerLine | None:
    """Return a line, also one that repeats another; None where it is none."""
    if text.placed:
        return text.placed.line
    try:
        return decode_line(text.data)
    except ValueError:
        return None
