"""Verify one thread: identity, chain, ledger, orders, lines, attachments, seals.

Each part yields its findings and goes on: one thing that is wrong hides nothing else.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from shared.domain.archive.chain import Chain
from shared.domain.evidence import canonical
from shared.domain.evidence.ledger_lines import LineKind
from shared.domain.evidence.lines import ERASED, KEPT
from shared.domain.evidence.manifest import Manifest, decode_manifest
from shared.domain.evidence.orders import Order, decode_orders, named_ranges
from shared.domain.evidence.paths import (
    INPUT_NAMES,
    LEFT_BY_SYSTEMS,
    MANIFEST_FILE,
    ORDERS_FILE,
    THREAD_FILE,
    ThreadPath,
    may_be_stub,
)
from shared.domain.evidence.scope import Senders, wanted_senders
from shared.domain.evidence.thread_file import decode_thread_file
from shared.domain.layout import thread_folder
from shared.ports.evidence_files import EvidenceFiles
from shared.usecases.evidence.findings import (
    ErasedLines,
    Finding,
    failure,
    lines_of,
    note,
    read,
)
from shared.usecases.evidence.verify_files import RevisionFiles
from shared.usecases.evidence.verify_holds import UnnamedHolds
from shared.usecases.evidence.verify_ledger import VerifiedLedger, recorded_orders
from shared.usecases.evidence.verify_lines import VerifiedInput
from shared.usecases.evidence.verify_rendered import RenderedRevision

RenderedCheck = Callable[[RenderedRevision], Iterator[Finding]]
"""Renders a revision anew, and yields where its files differ."""


@dataclass(slots=True)
class ThreadVerification:
    """One thread while it is verified."""

    files: EvidenceFiles
    ledger: VerifiedLedger
    folder: str
    today: str
    check_rendered: RenderedCheck | None = None
    lines: int = 0
    thread_id: str = ""
    key: str = ""
    names: set[str] = field(default_factory=set)
    revisions: dict[int, set[str]] = field(default_factory=dict)
    manifests: dict[int, Manifest] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)
    """By revision: the place of its line in the ledger."""
    orders: list[Order] = field(default_factory=list)

    def path(self, revision: int, name: str) -> str:
        return f"{self.folder}/rev={revision:04d}/{name}"

    def verify(self, found: Sequence[ThreadPath]) -> Iterator[Finding]:
        """Yield everything that is to say of a thread with these files."""
        for file in found:
            yield from self.place(file)
        yield from self.read_identity()
        yield from self.read_manifests()
        yield from self.check_revision_lines()
        yield from self.read_orders()
        holds = UnnamedHolds()
        for order in self.orders:
            holds.add(order, self.key, self.ledger)
        senders = Senders(wanted_senders(self.orders) | holds.people)
        if senders.wanted:
            self.find_senders(senders)
        lines = VerifiedInput(self.orders, senders, holds)
        if self.check_rendered:
            lines.chain = Chain(thread_id=self.thread_id)
        before: Manifest | None = None
        for number, manifest in self.manifests.items():
            is_next = (manifest.previous_revision, manifest.previous) == (
                (before.revision, before.digest) if before else (0, "")
            )
            if not is_next:
                place = self.path(number, MANIFEST_FILE)
                yield failure(place, "it does not follow on the one before it")
            before = manifest
            yield from self.check_revision(number, manifest, lines)
        self.lines = sum(tree.size for tree in lines.trees.values())
        for reason in lines.finish():
            yield failure(self.folder, reason)
        for reason in holds.notes():
            yield note(f"{self.folder}/{ORDERS_FILE}", reason)

    def check_revision(
        self, number: int, manifest: Manifest, lines: VerifiedInput
    ) -> Iterator[Finding]:
        """Yield what is wrong with the lines and the files of a revision."""
        if lines.chain:
            lines.chain.begin(number)
        yield from self.check_inputs(number, manifest, lines)
        files = RevisionFiles(self.files, self.path(number, ""), self.revisions[number])
        yield from files.check_attachments(lines)
        if lines.unfinished:
            return  # the files are not yet what the order says
        order = self.last_order(number, manifest)
        sealed = manifest.files
        if order:
            sealed = order.files if order.revision == number else ()
        is_newest = number == max(self.manifests)
        yield from files.check_sealed(sealed, order, lines, is_newest=is_newest)
        if order and order.revision == number:
            reason = f"its rendered files are vouched for by {named(order)}"
            yield note(files.folder, reason)
        if self.check_rendered and lines.chain:
            yield from self.check_rendered(
                RenderedRevision(
                    folder=files.folder,
                    manifest=manifest,
                    chain=lines.chain,
                    sealed=sealed,
                    digests=files.digests,
                )
            )

    def place(self, place: ThreadPath) -> Iterator[Finding]:
        """Note where a file belongs; yield what no thread has."""
        # As it stands: a name that is no revision's may only look like one.
        path = f"{self.folder}/{place.name}"
        if place.revision:
            path = self.path(place.revision, place.name)
        if place.name.rsplit("/", 1)[-1] in LEFT_BY_SYSTEMS or self.is_stub(path):
            yield note(path, "left by a system, not the archive's")
        elif place.revision:
            self.revisions.setdefault(place.revision, set()).add(place.name)
        elif place.name in (THREAD_FILE, ORDERS_FILE):
            self.names.add(place.name)
        else:
            yield failure(path, "no thread has such a file")

    def is_stub(self, path: str) -> bool:
        try:
            return may_be_stub(path) and next(self.files.chunks(path), b"") == b""
        except OSError:
            return False

    def read_identity(self) -> Iterator[Finding]:
        path = f"{self.folder}/{THREAD_FILE}"
        try:
            thread = decode_thread_file(read(self.files, path))
        except (ValueError, OSError):
            yield failure(path, "it is missing, or cannot be read")
            return
        self.thread_id, self.key = thread.thread_id, thread.thread_key
        if thread_folder(self.thread_id) != f"{self.folder}/":
            yield failure(path, "it is that of another folder")

    def read_manifests(self) -> Iterator[Finding]:
        for number in sorted(self.revisions):
            path = self.path(number, MANIFEST_FILE)
            if MANIFEST_FILE not in self.revisions[number]:
                yield note(path, "an attempt that was not finished")
                continue
            try:
                manifest = decode_manifest(read(self.files, path))
            except (ValueError, OSError):
                yield failure(path, "it cannot be read")
                continue
            self.manifests[number] = manifest
            identity = (manifest.thread_id, manifest.thread_key, manifest.revision)
            if identity != (self.thread_id, self.key, number):
                yield failure(path, "it is of another revision")

    def check_revision_lines(self) -> Iterator[Finding]:
        """Yield where ledger and manifests do not agree."""
        for placed in self.ledger.of(LineKind.REVISION, self.key):
            number = placed.line.members["revision"]
            path = self.path(number, MANIFEST_FILE)
            manifest = self.manifests.get(number)
            is_it = manifest and manifest.digest == placed.line.members["manifest"]
            if not is_it or number in self.places:
                yield failure(path, "it is gone, or not the one that was recorded")
            if self.places and number < max(self.places):
                yield failure(path, "it was recorded after a later one")
            self.places.setdefault(number, placed.index)
        for number in self.manifests.keys() - self.places.keys():
            path = self.path(number, MANIFEST_FILE)
            if number == max(self.manifests):
                yield note(path, "the ledger does not record it yet")
            else:
                yield failure(path, "the ledger does not record it")
        if self.key in self.ledger.withheld_keys:
            yield failure(self.folder, "lines of the ledger about it are withheld")

    def read_orders(self) -> Iterator[Finding]:
        path = f"{self.folder}/{ORDERS_FILE}"
        orders: tuple[Order, ...] = ()
        if ORDERS_FILE in self.names:
            try:
                orders = decode_orders(read(self.files, path))
            except (ValueError, OSError):
                yield failure(path, "it cannot be read")
        for found in recorded_orders(
            path, orders, self.key, self.places, self.ledger, self.today
        ):
            if isinstance(found, Finding):
                yield found
                continue
            self.orders.append(found)
            yield ErasedLines.of(path, self.thread_id, found)
            if found.revision not in self.manifests:
                yield failure(path, f"order {found.number} is of no revision")
            if found.holds:
                holds = ", ".join(found.holds)
                yield note(
                    path, f"order {found.number} was given under these holds: {holds}"
                )

    def find_senders(self, senders: Senders) -> None:
        """Read who sent each message, as far as an order asks."""
        for number in self.manifests:
            for name in INPUT_NAMES:
                if name not in self.revisions[number]:
                    continue
                try:
                    for data, _ in lines_of(self.files, self.path(number, name)):
                        match = KEPT.fullmatch(data) or ERASED.fullmatch(data)
                        if match:
                            add_sender(senders, match[1], number)
                except OSError:
                    continue  # it is reported where the lines are checked

    def check_inputs(
        self, number: int, manifest: Manifest, lines: VerifiedInput
    ) -> Iterator[Finding]:
        """Yield what is wrong with a revision's lines, and with the roots so far."""
        lines.attachments, lines.pending = {}, set()
        for entry in manifest.inputs:
            name = f"{entry.file}.jsonl"
            path, tree = self.path(number, name), lines.tree(entry.file)
            first, is_there = tree.size, name in self.revisions[number]
            if is_there:
                try:
                    yield from lines.read(self.files, path, entry.file, number)
                except OSError:
                    yield failure(path, "it cannot be read")
            found = (first, tree.size, tree.root)
            if (entry.first, entry.lines, entry.root) != found:
                yield failure(path, "its lines are not those of the manifest")
            if is_there != (tree.size > first):
                yield failure(path, "it holds no line")

    def last_order(self, number: int, manifest: Manifest) -> Order | None:
        """Return the last order since a revision that names a line up to it."""
        lines = {entry.file: entry.lines for entry in manifest.inputs}
        touching = [
            order
            for order in self.orders
            if order.revision >= number
            and any(
                span.start < lines.get(file, 0) for file, span in named_ranges(order)
            )
        ]
        return touching[-1] if touching else None


def named(order: Order) -> str:
    return f"order {order.number} of {order.when}, {order.who}"


def add_sender(senders: Senders, facts: bytes, revision: int) -> None:
    """Note the sender in the facts of a line; what cannot be read says nothing."""
    try:
        value = canonical.decode(facts)
        if isinstance(value, dict) and isinstance(value.get("sender"), str):
            senders.add(value, revision)
    except (ValueError, KeyError, TypeError):
        return
