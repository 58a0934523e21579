"""What a verification finds: failures, notes that are none, and what was erased."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.domain.evidence.manifest import Manifest
from shared.domain.evidence.orders import Order, named_ranges
from shared.ports.evidence_files import EvidenceFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. A note is no failure, but whoever reads the verdict has to know."""

    path: str
    reason: str
    is_failure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedLines(Finding):
    """What an order had erased, as the ledger records it. It is no failure."""

    thread_id: str
    number: int
    lines: int
    when: str
    who: str
    why: str

    @classmethod
    def of(cls, path: str, thread_id: str, order: Order) -> "ErasedLines":
        """Return what an order of a thread, or of archive-level input, says."""
        return cls(
            path=path,
            reason=f"order {order.number} had lines erased",
            is_failure=False,
            thread_id=thread_id,
            number=order.number,
            lines=sum(len(span) for _, span in named_ranges(order)),
            when=order.when,
            who=order.who,
            why=order.why,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedCheckpoint:
    """Which checkpoint a ledger was compared with; `is_own` where a package has it."""

    origin: str
    size: int
    is_own: bool


@dataclass(slots=True, kw_only=True)
class Verified:
    """What was looked at. `grades` are those of the newest revisions, with reasons."""

    threads: int = 0
    revisions: int = 0
    lines: int = 0
    archive_input: dict[str, int] = field(default_factory=dict)
    """Lines that concern no single thread, by kind."""
    ledger_lines: int = 0
    root: str = ""
    """The ledger's, hex."""
    checkpoint: ComparedCheckpoint | None = None
    grades: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add_thread(self, manifests: list[Manifest], lines: int) -> None:
        """Count a thread, given its manifests in order, and its lines."""
        self.threads += 1
        self.revisions += len(manifests)
        self.lines += lines
        for manifest in manifests[-1:]:
            self.grades[manifest.grade, manifest.grade_reason] += 1


def failure(path: str, reason: str) -> Finding:
    return Finding(path=path, reason=reason)


def note(path: str, reason: str) -> Finding:
    return Finding(path=path, reason=reason, is_failure=False)


def read(files: EvidenceFiles, path: str) -> bytes:
    """Return a whole file; raise as `EvidenceFiles.chunks` does."""
    return b"".join(files.chunks(path))


def lines_of(files: EvidenceFiles, path: str) -> Iterator[tuple[bytes, bool]]:
    """Yield each line of a file without its LF, and whether it had one."""
    rest: list[bytes] = []
    for chunk in files.chunks(path):
        first, *others = chunk.split(b"\n")
        rest.append(first)
        for line in others:
            yield b"".join(rest), True
            rest = [line]
    if any(rest):
        yield b"".join(rest), False
