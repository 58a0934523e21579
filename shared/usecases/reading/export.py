"""Export: archives written again in any format, without asking the service.

What is exported follows from the newest revision of each thread; the archive is only
read. A part of a thread says that it is one.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from shared.domain import layout
from shared.domain.errors import IntegrityError
from shared.domain.evidence.paths import ATTACHMENTS
from shared.domain.people import PeopleDirectory
from shared.domain.thread.transcript import Transcript
from shared.formats.part import Joined, Options
from shared.formats.registry import Format, streamed
from shared.ports.archive_index import IndexReader
from shared.ports.archive_store import ArchiveStore
from shared.ports.export_folder import ExportFolder
from shared.usecases.evidence.beside import Beside
from shared.usecases.reading.find import Find, Selection
from shared.usecases.reading.put import IfThere, put

ON_THE_LOOP = Beside()
"""Nothing else waits for the loop while a command exports: size 0 needs no thread."""


@dataclass(slots=True, kw_only=True)
class Exported:
    """What was written. `failures` hold a sentence for each thread.

    `left` counts the files that were there already and were not written. `notes` say
    of a file of all threads what whoever reads it has to know.
    """

    threads: int = 0
    messages: int = 0
    files: int = 0
    left: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count(self, *, is_written: bool) -> None:
        if is_written:
            self.files += 1
        else:
            self.left += 1


async def chosen(
    archive: ArchiveStore,
    selection: Selection,
    on_bytes: Callable[[int], None],
    exported: Exported,
    index: IndexReader | None,
    people: PeopleDirectory,
) -> AsyncIterator[Transcript]:
    """Yield the threads to export, and count them."""
    find = Find(
        archive=archive,
        on_bytes=on_bytes,
        on_failure=exported.failures.append,
        index=index,
        people=people,
    )
    is_part = bool(selection.after or selection.before)
    async for thread in find(selection):
        if is_part and not thread.messages:
            continue  # nobody spoke there at that time
        exported.threads += 1
        yield thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Writes threads in some formats: into a folder a thread, or into one file."""

    archive: ArchiveStore
    target: ExportFolder
    on_bytes: Callable[[int], None]
    if_there: IfThere = IfThere.REFUSE
    index: IndexReader | None = None

    async def __call__(
        self, selection: Selection, formats: Sequence[Format], options: Options
    ) -> Exported:
        """Export; one thread that cannot be read does not stop the others.

        Raises:
            AlreadyExists: the target holds such a file already.
            Immutable: a file there may not be replaced.
            NoRoles: nobody is the assistant of a file to train with.
            NoTime: a limit cannot be read.
            Transient: the archive cannot be reached.

        """
        exported = Exported()
        joined = next((each.joined(options) for each in formats if each.joined), None)
        if joined and await self.is_left(joined.name):
            exported.count(is_written=False)
            joined = None
        threads = self.threads(selection, formats, options, exported)
        lines = joined_lines(threads, joined)
        if joined and (first := await anext(lines, b"")):
            await self.put(joined.name, begun(first, lines), exported)
        async for _ in lines:
            pass  # without a joined file there are none, but threads to write
        if joined and exported.threads:
            exported.notes = joined.notes()
        return exported

    async def threads(
        self,
        selection: Selection,
        formats: Sequence[Format],
        options: Options,
        exported: Exported,
    ) -> AsyncIterator[Transcript]:
        """Yield each thread after its own files were written."""
        own = [each for each in formats if not each.joined]
        async for thread in chosen(
            self.archive,
            selection,
            self.on_bytes,
            exported,
            self.index,
            options.people,
        ):
            for name, parts in streamed(own, thread, options):
                path = f"{layout.thread_folder(thread.thread_id)}{name}"
                await self.put(path, ON_THE_LOOP.blocks(0, parts), exported)
            if any(each.brings_files for each in own):
                await self.bring_files(thread, options, exported)
            yield thread

    async def is_left(self, path: str) -> bool:
        """Return whether a file is there already and is not to be written."""
        return self.if_there is IfThere.LEAVE and await self.target.holds(path)

    async def put(
        self, path: str, data: AsyncIterator[bytes], exported: Exported
    ) -> None:
        is_written = await put(self.target, path, data, self.if_there)
        exported.count(is_written=is_written)

    async def bring_files(
        self, thread: Transcript, options: Options, exported: Exported
    ) -> None:
        """Write the files that a thread's messages name where its pages look for them.

        One that the archive says it holds and does not is a failure, and no more.
        """
        place_of, folder = options.place, layout.thread_folder(thread.thread_id)
        if place_of is None:
            return
        places = {
            place_of(file): layout.revision_path(
                thread.thread_id, file.revision, ATTACHMENTS + file.stored
            )
            for file in thread.attachments
            if file.is_held and not file.erased
        }
        for place, path in places.items():
            try:
                stored = self.archive.stream(path)
                await self.put(f"{folder}{place}", stored, exported)
            except IntegrityError as error:
                exported.failures.append(f"{thread.thread_id}: {error}")


async def joined_lines(
    threads: AsyncIterator[Transcript], joined: Joined | None
) -> AsyncIterator[bytes]:
    """Yield what each thread adds to the file of all threads."""
    async for thread in threads:
        if joined and (line := joined.add(thread)):
            yield line


async def begun(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part
