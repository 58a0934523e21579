"""Render again: the files of any revision from its input; they may be gone by now.

Each is compared with its seal: with the same version of its renderer, and until one of
its lines is erased, it comes out byte for byte.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from shared.domain import layout
from shared.domain.archive.read_chain import transcript_of
from shared.domain.errors import IntegrityError
from shared.domain.evidence.orders import Order
from shared.domain.evidence.seals import SealedFile, seal_of
from shared.formats.registry import formats_of, renderer_of, streamed
from shared.ports.archive_store import ArchiveFiles
from shared.ports.export_folder import ExportFolder
from shared.usecases.evidence.beside import Beside, hashed
from shared.usecases.evidence.carry_out import last_touching
from shared.usecases.evidence.thread_archive import ThreadArchive, read_thread
from shared.usecases.reading.put import IfThere, put

ON_THE_LOOP = Beside(is_used=False)


class Likeness(StrEnum):
    """How a file that was rendered again compares with the one that was sealed."""

    SAME = "the same, by its seal"
    ORDERED = "the same, by the seal of an order: some of its content was erased"
    ERASED = "not to be compared: something of its input was erased since"
    OTHER_RENDERER = "not to be compared: another version of the renderer wrote it"
    DIFFERENT = "another one than was sealed"
    LEFT = "not written: it was there already, and was not compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedAgain:
    """A file that was written or left, and how it compares."""

    name: str
    likeness: Likeness


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderAgain:
    """Writes the rendered files of one revision into a folder a thread and revision."""

    archive: ArchiveFiles
    target: ExportFolder
    if_there: IfThere = IfThere.REFUSE

    async def __call__(self, thread_id: str, revision: int) -> list[RenderedAgain]:
        """Render a revision again.

        Raises:
            IntegrityError: there is no such revision, it is not what its manifest says,
                or nothing of what it had can be rendered here.
            AlreadyExists: the target holds such a file already.
            Immutable: a file there may not be replaced.
            Transient: the archive cannot be reached.

        """
        thread = await read_thread(self.archive, thread_id, revision)
        order = last_touching(thread.orders, thread.manifests[revision])
        sealed = sealed_files(thread, revision, order)
        salts, done = thread.chain.salts(), list[RenderedAgain]()
        formats = formats_of(sealed)
        for name, parts in streamed(formats, transcript_of(thread.chain)):
            digest = hashlib.sha256()
            path = layout.revision_path(thread_id, revision, name)
            blocks = ON_THE_LOOP.blocks(0, hashed(parts, digest))
            if not await put(self.target, path, blocks, self.if_there):
                done.append(RenderedAgain(name=name, likeness=Likeness.LEFT))
                continue
            seal = seal_of(name, salts, digest.digest())
            likeness = compared(sealed.get(name), name, seal)
            if order:
                likeness = after(order, revision, likeness)
            done.append(RenderedAgain(name=name, likeness=likeness))
        if not done:
            raise IntegrityError("its manifest names no file that is rendered here")
        return done


def sealed_files(
    thread: ThreadArchive, revision: int, order: Order | None
) -> dict[str, SealedFile]:
    """Return the files of a revision by name, as an order has sealed them since."""
    is_sealed_anew = order is not None and order.revision == revision
    files = (
        order.files if order and is_sealed_anew else thread.manifests[revision].files
    )
    return {file.name: file for file in files}


def after(order: Order, revision: int, likeness: Likeness) -> Likeness:
    """Return how a file compares once an order has taken lines of its revision."""
    if order.revision > revision:
        return Likeness.ERASED  # no seal fits any more
    return Likeness.ORDERED if likeness is Likeness.SAME else likeness


def compared(sealed: SealedFile | None, name: str, seal: str) -> Likeness:
    if sealed and sealed.seal == seal:
        return Likeness.SAME
    if sealed and sealed.renderer != renderer_of(name):
        return Likeness.OTHER_RENDERER
    return Likeness.DIFFERENT
