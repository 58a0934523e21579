"""The log of an import: what is about to be sent, and what was, durable line by line.

It stands in the control container while the import goes on. What it adds up to is kept
in the archive as evidence: the guide's idempotency ledger.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from shared.domain import json_line, layout
from shared.domain.imports import (
    ImportLine,
    ImportState,
    MessageLine,
    encode_import,
    line_of,
)
from shared.ports.append_log import AppendLog
from shared.ports.archive_store import ArchiveFiles
from shared.ports.leases import Lease
from shared.usecases.evidence.archive_input import ArchiveInput
from shared.usecases.evidence.read_input import ReadInput
from shared.usecases.inventory.runs import batches, log_lines

IMPORTS = "imports"
"""The kind of archive-level input that the kept ledger is."""
LINES_AT_ONCE = 500


@dataclass(slots=True, kw_only=True)
class ImportLog:
    """One import by its name. A line is durable when `record` returns."""

    name: str
    log: AppendLog
    files: ArchiveFiles
    state: ImportState = field(default_factory=ImportState)
    lease: Lease | None = None

    async def confirm(self) -> None:
        """See that the import is still this process's: it may have slept for a while.

        Raises:
            Transient: it is not.

        """
        if self.lease:
            await self.lease.confirm()

    async def load(self, kept: ReadInput) -> ImportState:
        """Read what is known so far: what the archive kept, and the log after that.

        Raises:
            Transient: the control container cannot be reached.

        """
        state = self.state = state_kept(kept, self.name)
        async for line in log_lines(self.files, layout.import_folder(self.name)):
            if not line.strip():
                continue
            try:
                state.apply(line_of(json_line.parse(line)))
            except (ValueError, KeyError, TypeError):
                state.unreadable += 1
        return state

    async def record(self, *lines: ImportLine) -> None:
        """Append lines, in this order, then apply them.

        Raises:
            Transient: they could not be made durable.

        """
        for some in batches(lines, LINES_AT_ONCE):
            data = b"".join(map(encode_import, some))
            await self.log.append(layout.import_stem(self.name), data)
            for line in some:
                self.state.apply(line)


def state_kept(kept: ReadInput, name: str) -> ImportState:
    """Return the state of an import as the archive has it."""
    state = ImportState()
    for each in kept.values(IMPORTS):
        if each.value.get("import") != name:
            continue
        try:
            state.apply(line_of(each.value))
        except (ValueError, KeyError, TypeError):
            state.unreadable += 1
    return state


async def keep_ledger(kept: ArchiveInput, log: ImportLog) -> int:
    """Keep what is new of the ledger in the archive; return how many lines that were.

    Raises:
        IntegrityError: what is there cannot be read.
        Immutable: an erasure waits that the storage forbids.
        Transient: it may be there all the same; or another process writes.

    """
    there = await kept.read(IMPORTS)
    # What was so before, and is so again, is news: the newest line counts.
    known = {
        json_line.canonical(line.json) for line in state_kept(there, log.name).lines()
    }
    lines = [without(there.erased_people, line) for line in log.state.lines()]
    news = [
        {"people": people_in(line), "import": log.name, **line.json}
        for line in lines
        if json_line.canonical(line.json) not in known
    ]
    await kept.add(IMPORTS, news)
    return len(news)


def without(erased: Collection[str], line: ImportLine) -> ImportLine:
    """Return a line that names nobody who was erased: the log still knows them."""
    if isinstance(line, MessageLine) and line.author in erased:
        return replace(line, author="", sent_as="")
    return line


def people_in(line: ImportLine) -> list[str]:
    """Return the raw ids that an erasure finds a line by."""
    return [line.author] if isinstance(line, MessageLine) and line.author else []
