"""Export single: the messages of many threads as one table, thread after thread."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.domain.people import NOBODY_KNOWN, PeopleDirectory
from shared.formats.part import Table
from shared.ports.archive_index import IndexReader
from shared.ports.archive_store import ArchiveStore
from shared.usecases.reading.export import Exported, chosen
from shared.usecases.reading.find import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSingle:
    """Writes the messages of all threads that are chosen into one table."""

    archive: ArchiveStore
    on_bytes: Callable[[int], None]
    index: IndexReader | None = None
    people: PeopleDirectory = NOBODY_KNOWN

    async def __call__(self, selection: Selection, table: Table) -> Exported:
        """Export; one thread that cannot be read does not stop the others.

        A table of no thread is abandoned: it is no file.

        Raises:
            NoTime: a limit cannot be read.
            Transient: the archive cannot be reached.

        """
        exported = Exported()
        is_whole = False
        try:
            async for thread in chosen(
                self.archive,
                selection,
                self.on_bytes,
                exported,
                self.index,
                self.people,
            ):
                table.add(thread)
                exported.messages += len(thread.messages)
            if exported.threads:
                table.finish()
                is_whole = True
        finally:
            if not is_whole:
                table.abandon()
        return exported
