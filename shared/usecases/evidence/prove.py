"""Checkpoints of the ledger, and proofs of single messages against them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from shared.domain import layout
from shared.domain.archive.checkpoint import Checkpoint
from shared.domain.archive.evidence import Tree, inclusion_path, leaf_hash
from shared.domain.archive.ledger import LedgerReader, revision_line
from shared.domain.archive.proof import encode_proof, find_version
from shared.domain.errors import IntegrityError
from shared.ports.archive_store import ArchiveFiles
from shared.usecases.evidence.ledger import LedgerLine, ledger_lines
from shared.usecases.evidence.revisions import read_inputs, read_manifest, revisions_of


async def head_lines(archive: ArchiveFiles) -> AsyncIterator[LedgerLine]:
    """Yield the lines that the ledger's head is made of.

    Raises:
        IntegrityError: a line is broken: nobody should vouch for such a ledger.

    """
    reader = LedgerReader()
    async for line in ledger_lines(archive):
        if line.day != reader.day:
            reader.begin(line.day)
        _, problem = reader.read(line.text)
        if problem or line.is_torn:
            raise IntegrityError(f"{line.path}: {problem or 'the last line is torn'}")
        if reader.open_days:
            return
        yield line


async def make_checkpoint(archive: ArchiveFiles, origin: str) -> Checkpoint:
    """Return the ledger's head as it is now; see `head_lines` for what it raises."""
    tree = Tree()
    async for line in head_lines(archive):
        tree.add(leaf_hash(line.text))
    return Checkpoint(origin=origin, size=tree.size, root=tree.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prove:
    """Makes proofs of single messages."""

    archive: ArchiveFiles

    async def __call__(
        self,
        thread_id: str,
        message_id: str,
        *,
        version: str = "",
        revision: int = 0,
        checkpoint: Checkpoint,
    ) -> bytes:
        """Prove a version of a message; the newest version and revision by default.

        Raises:
            IntegrityError: there is no such message, the archive is not what its
                manifest says, or the checkpoint is of another ledger.

        """
        revisions = await revisions_of(self.archive, thread_id)
        number = revision or revisions.newest
        if number not in revisions.finished:
            raise IntegrityError("the archive has no such thread or revision")
        manifest = await read_manifest(self.archive, thread_id, number)
        inputs = await read_inputs(
            self.archive, manifest, erased=number in revisions.erased
        )
        transcript = inputs.transcript()
        found = find_version(transcript, message_id, version)
        line = revision_line(manifest).rstrip(b"\n")
        hashes: list[bytes] = []
        index = -1
        async for entry in head_lines(self.archive):
            if entry.text == line and index < 0:
                index = len(hashes)
            hashes.append(leaf_hash(entry.text))
            if len(hashes) == checkpoint.size:
                break
        if not 0 <= index < checkpoint.size or len(hashes) < checkpoint.size:
            raise IntegrityError(
                "the checkpoint does not reach the ledger's line of this revision; "
                "take a new one"
            )
        path = layout.revision_path(thread_id, number, layout.MANIFEST_FILE)
        return encode_proof(
            transcript,
            found,
            await self.archive.read(path),
            line=line,
            line_index=index,
            line_path=inclusion_path(hashes, index),
            checkpoint=checkpoint,
        )
