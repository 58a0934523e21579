"""Export: archives written again in any format, without asking the service.

What is exported follows from the newest revision of each thread; the archive is only
read. A part of a thread says that it is one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.domain import layout
from shared.formats.part import Options
from shared.formats.registry import Format, streamed
from shared.ports.archive_store import ArchiveStore
from shared.usecases.archive.find import Find, Selection
from shared.usecases.evidence.beside import Beside

ON_THE_LOOP = Beside()
"""Nothing else waits for the loop while a command exports: size 0 needs no thread."""


@dataclass(slots=True, kw_only=True)
class Exported:
    """What was written. `failures` hold a sentence for each thread."""

    threads: int
    files: int
    failures: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Writes threads in some formats into a folder a thread."""

    archive: ArchiveStore
    target: ArchiveStore
    on_bytes: Callable[[int], None]

    async def __call__(
        self, selection: Selection, formats: Sequence[Format], options: Options
    ) -> Exported:
        """Export; one thread that cannot be read does not stop the others.

        Raises:
            AlreadyExists: the target holds such a file already.
            NoTime: a limit cannot be read.
            Transient: the archive cannot be reached.

        """
        exported = Exported(threads=0, files=0, failures=[])
        find = Find(
            archive=self.archive,
            on_bytes=self.on_bytes,
            on_failure=exported.failures.append,
        )
        is_part = bool(selection.after or selection.before)
        async for chosen in find(selection):
            if is_part and not chosen.messages:
                continue  # nobody spoke there at that time
            exported.threads += 1
            for name, parts in streamed(formats, chosen, options):
                path = f"{layout.thread_folder(chosen.thread_id)}{name}"
                await self.target.create(path, ON_THE_LOOP.blocks(0, parts))
                exported.files += 1
        return exported
