"""Prove: what an archive holds of one message, and nothing of any other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.domain.archive.chain import Chain
from shared.domain.errors import IntegrityError
from shared.domain.evidence.checkpoint import Checkpoint
from shared.domain.evidence.ledger_lines import decode_line
from shared.domain.evidence.lines import parts_of
from shared.domain.evidence.orders import Order, named_lines
from shared.domain.evidence.proof import (
    Proof,
    ProvenLine,
    RecordedLine,
    is_erased_by,
)
from shared.domain.evidence.tree import inclusion_path, root_of
from shared.ports.archive_store import ArchiveFiles
from shared.usecases.evidence.read_ledger import read_ledger
from shared.usecases.evidence.thread_archive import ThreadArchive, read_thread


@dataclass(slots=True)
class RecordedLeaves:
    """The leaves of a ledger up to a checkpoint, and where each stands."""

    leaves: list[bytes] = field(default_factory=list)
    places: dict[bytes, int] = field(default_factory=dict)

    def add(self, leaf: bytes) -> None:
        self.places.setdefault(leaf, len(self.leaves))
        self.leaves.append(leaf)

    def find(self, line: bytes) -> RecordedLine | None:
        """Return where a line, given with its LF, stands; None where it does not."""
        data = line.removesuffix(b"\n")
        index = self.places.get(decode_line(data).leaf)
        if index is None:
            return None
        path = tuple(inclusion_path(self.leaves, index))
        return RecordedLine(index=index, line=data, path=path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prove:
    """Makes proofs of single messages."""

    archive: ArchiveFiles

    async def __call__(
        self,
        thread_id: str,
        message_id: str,
        *,
        revision: int = 0,
        checkpoint: Checkpoint,
    ) -> bytes:
        """Prove what a revision, by default the newest one, holds of a message.

        Raises:
            IntegrityError: there is no such message, the archive is not what its
                manifests say, or the checkpoint is of another ledger.
            Transient: the archive cannot be reached.

        """
        thread = await read_thread(self.archive, thread_id, revision)
        manifest = thread.manifests[revision] if revision else thread.newest
        if manifest is None:
            raise IntegrityError(
                f"the archive has no such thread or revision ({thread_id}); "
                "`chat-archive list` names all"
            )
        lines = tuple(lines_about(thread.chain, message_id))
        if not lines:
            raise IntegrityError(
                f"the thread has no such message ({message_id}); `chat-archive cat` "
                "shows the id of each after the #"
            )
        check_finished(thread, lines)
        recorded = await self.recorded(checkpoint)
        ledger = recorded.find(manifest.ledger_line)
        if ledger is None:
            raise IntegrityError(
                "the checkpoint does not reach the ledger's line of this revision; "
                "take a new one"
            )
        return Proof(
            message=message_id,
            lines=lines,
            manifest=manifest,
            ledger=ledger,
            orders=tuple(orders_of(thread, lines, recorded)),
            checkpoint=checkpoint,
        ).stored

    async def recorded(self, checkpoint: Checkpoint) -> RecordedLeaves:
        """Return the ledger's leaves up to a checkpoint."""
        recorded = RecordedLeaves()
        async for text in read_ledger(self.archive):
            if len(recorded.leaves) == checkpoint.size:
                break
            if text.problem:
                # Nobody should vouch for such a ledger.
                raise IntegrityError(f"{text.path}: {text.problem}")
            if text.placed:
                recorded.add(text.placed.line.leaf)
        if root_of(recorded.leaves) != checkpoint.root:
            raise IntegrityError("the checkpoint is of another ledger, or a newer one")
        return recorded


def orders_of(
    thread: ThreadArchive, lines: Sequence[ProvenLine], recorded: RecordedLeaves
) -> Iterator[tuple[Order, RecordedLine]]:
    """Yield the orders that erased some of these lines, where a checkpoint has them."""
    for order in thread.orders:
        key = next(iter(thread.manifests.values())).thread_key
        if any(is_erased_by(line, order) for line in lines):
            found = recorded.find(order.ledger_line(key))
            if found:
                yield order, found


def lines_about(chain: Chain, message_id: str) -> Iterator[ProvenLine]:
    """Yield every line that tells a message, with its path to its file's root."""
    for name, file in chain.files.items():
        found = [
            (index, line)
            for index, line in enumerate(file)
            if line.facts.get("message") == message_id
        ]
        if not found:
            continue
        leaves = [parts_of(stored).leaf for stored in file.stored]
        for index, line in found:
            path = tuple(inclusion_path(leaves, index))
            yield ProvenLine(file=name, index=index, line=line, path=path)


def check_finished(thread: ThreadArchive, lines: Sequence[ProvenLine]) -> None:
    """Check that a proof would show nothing that somebody ordered to be erased."""
    for order in thread.orders:
        spans: Mapping[str, Sequence[range]] = named_lines(order)
        for line in lines:
            is_named = any(line.index in span for span in spans.get(line.file, ()))
            if is_named and not line.line.is_erased:
                raise IntegrityError(
                    f"order {order.number} to erase in this thread is not finished: "
                    "run `chat-archive erase` again"
                )
