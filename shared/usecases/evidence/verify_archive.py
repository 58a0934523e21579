"""Verify an archive, or a package: what stands where, then each part."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from shared.domain.evidence.ledger import PlacedLine
from shared.domain.evidence.ledger_lines import LineKind
from shared.domain.evidence.orders import Order, decode_orders
from shared.domain.evidence.package import PackageRequest, decode_request
from shared.domain.evidence.paths import (
    ARCHIVE_INPUT,
    INPUT_ORDERS,
    ThreadPath,
    input_blob,
    is_known_outside,
    thread_path,
    top_of_archive,
)
from shared.domain.evidence.scope import Senders, wanted_senders
from shared.domain.layout import LEDGER_PREFIX, thread_folder
from shared.ports.evidence_files import EvidenceFiles
from shared.usecases.evidence.findings import (
    ComparedCheckpoint,
    ErasedLines,
    Finding,
    Verified,
    failure,
    note,
    read,
)
from shared.usecases.evidence.verify_files import digest_of
from shared.usecases.evidence.verify_ledger import (
    VerifiedLedger,
    recorded_orders,
    verify_ledger,
)
from shared.usecases.evidence.verify_lines import VerifiedInput
from shared.usecases.evidence.verify_thread import RenderedCheck, ThreadVerification

INSIDE = "archive/"
REQUEST = "request.json"
CHECKPOINT = "checkpoint.txt"
BESIDE = "it stands beside the package's archive, and is no part of it"
NOT_RECORDED = "not recorded: these threads only, nothing is proven of others"


@dataclass(frozen=True, slots=True)
class InsidePackage:
    """The archive in a package, as files."""

    files: EvidenceFiles

    def names(self, prefix: str = "") -> list[str]:
        names = self.files.names(INSIDE + prefix)
        return [name.removeprefix(INSIDE) for name in names]

    def chunks(self, path: str) -> Iterator[bytes]:
        return self.files.chunks(INSIDE + path)


@dataclass(slots=True)
class ArchiveVerification:
    """An archive while it is verified. `today` is the verifier's day, UTC.

    With `only`, of all threads the one of this id is looked at, and the ledger.
    """

    files: EvidenceFiles
    today: str
    checkpoint: Checkpoint | None = None
    check_rendered: RenderedCheck | None = None
    only: str = ""
    verified: Verified = field(default_factory=Verified)
    ledger: VerifiedLedger = field(default_factory=VerifiedLedger)
    keys: dict[str, str] = field(default_factory=dict)
    """By thread key: the thread's folder."""
    thread_ids: set[str] = field(default_factory=set)
    early: set[str] = field(default_factory=set)
    """The files of archive-level input from before the ledger was read."""

    def verify(self) -> Iterator[Finding]:
        """Yield everything that is to say; verified is what has no failure."""
        outer = self.files
        is_package = REQUEST in outer.names(REQUEST) and any(outer.names(INSIDE))
        if is_package:
            self.files = InsidePackage(outer)
            yield from self.read_checkpoint(outer)
        elif self.checkpoint:
            self.note_checkpoint(self.checkpoint, is_own=False)
        # First the ledger, then what there is: a revision that is written meanwhile
        # may lack its line, but no line its revision.
        self.early = {*self.files.names(ARCHIVE_INPUT)}
        ledger = sorted(self.files.names(LEDGER_PREFIX))
        yield from verify_ledger(self.files, ledger, self.ledger, self.checkpoint)
        folder = thread_folder(self.only) if self.only else ""
        inner = sorted(self.files.names(folder))
        self.verified.ledger_lines = self.ledger.size
        self.verified.root = self.ledger.reader.tree.root
        yield from self.verify_threads(inner)
        if not self.only:
            yield from self.check_lost()
            yield from self.verify_input(inner)
        if is_package:
            yield from self.verify_package(outer)
        elif self.ledger.withheld:
            yield failure("ledger", "lines are withheld, which only a package may do")

    def read_checkpoint(self, files: EvidenceFiles) -> Iterator[Finding]:
        """Take the package's own checkpoint, where none was given."""
        is_own = self.checkpoint is None
        if is_own and CHECKPOINT in files.names(CHECKPOINT):
            try:
                self.checkpoint = parse_checkpoint(read(files, CHECKPOINT))
            except (ValueError, OSError):
                yield failure(CHECKPOINT, "it is not a checkpoint")
        if self.checkpoint:
            self.note_checkpoint(self.checkpoint, is_own=is_own)

    def note_checkpoint(self, checkpoint: Checkpoint, *, is_own: bool) -> None:
        """Have the verdict say what the ledger was compared with."""
        self.verified.checkpoint = ComparedCheckpoint(
            origin=checkpoint.origin, size=checkpoint.size, is_own=is_own
        )

    def verify_threads(self, names: Sequence[str]) -> Iterator[Finding]:
        threads: dict[str, list[ThreadPath]] = {}
        for name in names:
            place = thread_path(name)
            if place:
                threads.setdefault(place.folder, []).append(place)
            elif not is_known_outside(name):
                yield note(name, "it is no part of the archive, and was not looked at")
        chosen = thread_folder(self.only)[:-1] if self.only else ""
        if chosen and chosen not in threads:
            yield failure(chosen, "the archive has no such thread")
        for folder, found in threads.items():
            if chosen in ("", folder):
                yield from self.verify_thread(folder, found)

    def verify_thread(
        self, folder: str, found: Sequence[ThreadPath]
    ) -> Iterator[Finding]:
        thread = ThreadVerification(
            files=self.files,
            ledger=self.ledger,
            folder=folder,
            today=self.today,
            check_rendered=self.check_rendered,
        )
        yield from thread.verify(found)
        if thread.key and self.keys.setdefault(thread.key, folder) != folder:
            yield failure(folder, "another thread has the same key")
        self.thread_ids.add(thread.thread_id)
        self.verified.add_thread(list(thread.manifests.values()), thread.lines)

    def check_lost(self) -> Iterator[Finding]:
        """Yield each thread that the ledger knows and that is not there."""
        for kind, key in sorted(self.ledger.lines):
            if key and key not in self.keys and self.ledger.of(kind, key):
                yield failure("ledger", f"a thread with a line `{kind}` is gone: {key}")

    def verify_input(self, names: Sequence[str]) -> Iterator[Finding]:
        """Yield what is wrong with the input that concerns no single thread."""
        recorded = {
            placed.line.members["number"]: placed
            for placed in self.ledger.of(LineKind.INPUT, "")
        }
        places = {number: placed.index for number, placed in recorded.items()}
        orders: list[Order] = []
        for finding in self.input_orders(names, places):
            if isinstance(finding, Order):
                orders.append(finding)
                yield ErasedLines.of(INPUT_ORDERS, "", finding)
            else:
                yield finding
        blobs: dict[int, tuple[str, str]] = {}
        for name in names:
            found = input_blob(name)
            if found and name not in self.early and found[1] not in recorded:
                yield note(name, "it came while this was verified")
            elif found and found[1] in blobs:
                yield failure(name, "its number is used twice")
            elif found:
                blobs[found[1]] = (found[0], name)
        yield from self.check_input(blobs, recorded, orders)
        for number in sorted(recorded.keys() - blobs.keys()):
            yield failure(ARCHIVE_INPUT, f"number {number} is gone")

    def check_input(
        self,
        blobs: Mapping[int, tuple[str, str]],
        recorded: Mapping[int, PlacedLine],
        orders: Sequence[Order],
    ) -> Iterator[Finding]:
        """Yield what is wrong with the files, given by number as kind and path."""
        lines = VerifiedInput(orders, Senders(wanted_senders(orders)))
        for number in sorted(blobs):
            kind, path = blobs[number]
            try:
                yield from lines.read(self.files, path, kind, number)
            except OSError:
                yield failure(path, "it cannot be read")
            tree = lines.tree(kind)
            self.verified.archive_input[kind] = tree.size
            members = {"input": kind, "number": number, "lines": tree.size}
            members["root"] = tree.root
            if number not in recorded and number == max(blobs):
                yield note(path, "the ledger does not record it yet")
            elif number not in recorded or recorded[number].line.members != members:
                yield failure(path, "it is not what the ledger records")
        for reason in lines.finish():
            yield failure(ARCHIVE_INPUT, reason)

    def input_orders(
        self, names: Sequence[str], places: dict[int, int]
    ) -> Iterator[Finding | Order]:
        orders: tuple[Order, ...] = ()
        if INPUT_ORDERS in names:
            try:
                orders = decode_orders(read(self.files, INPUT_ORDERS))
            except (ValueError, OSError):
                yield failure(INPUT_ORDERS, "it cannot be read")
        yield from recorded_orders(
            INPUT_ORDERS, orders, "", places, self.ledger, self.today
        )

    def verify_package(self, files: EvidenceFiles) -> Iterator[Finding]:
        """Yield what is wrong with a package's own files, and with what it is of."""
        try:
            request = decode_request(read(files, REQUEST))
        except (ValueError, OSError):
            yield failure(REQUEST, "it cannot be read")
            return
        names = sorted(files.names())
        for name, digest in sorted(request.files.items()):
            if name not in names or digest_of(files, name).hex() != digest:
                yield failure(name, "it is missing, or not the file that was packed")
        # People open what stands at the top: nothing there may pass for verified.
        for folder in sorted({*map(top_of_archive, names)} - {""}):
            yield failure(folder, BESIDE)
        for name in names:
            is_known = name in request.files or name == REQUEST or top_of_archive(name)
            if not name.startswith(INSIDE) and not is_known:
                yield note(name, "it is no part of the package, and was not looked at")
        if not self.only and tuple(sorted(self.thread_ids)) != request.threads:
            yield failure(REQUEST, "the threads are not those that were requested")
        yield from self.check_record(request)
        for kind, count in sorted(self.ledger.withheld.items()):
            yield note("ledger", f"withheld lines of kind {kind}: {count}")

    def check_record(self, request: PackageRequest) -> Iterator[Finding]:
        if not request.recorded:
            yield note(REQUEST, NOT_RECORDED)
            return
        last = self.ledger.last
        members = {"random": request.random, "request": request.digest}
        if last is None or last.line.members != members:
            yield failure(REQUEST, "the ledger does not end with this package")
