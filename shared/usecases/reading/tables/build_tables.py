"""Build tables, or bring them up to date: only months with other rows are written.

Rule 1: tables are derived from an archive, and say of which ledger head they are; the
        index tells which threads have changed, and nothing is kept of one that it does
        not have any more. (P12)
Rule 2: a thread that has changed is read whole; of its months only those are written
        whose rows are others. What other threads have there is copied.
Rule 3: everything is written before anything is moved to where readers look, and the
        state is finished last. A build that was killed meanwhile is begun anew.
Rule 4: when a build ends, no file is there that it does not name: nothing that was
        erased is left on the disk.
"""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from shared.domain.errors import IntegrityError
from shared.formats.tables.columns import PEOPLE, TABLES
from shared.formats.tables.rows import UNDATED, Placed, folder_of, person_row
from shared.ports.archive_index import IndexReader, ThreadState
from shared.ports.archive_store import ArchiveFiles
from shared.ports.site_folder import SiteFolder
from shared.ports.tables_folder import DamagedPart, Part, TablesFolder
from shared.usecases.reading.build_index import in_turn
from shared.usecases.reading.raw_thread import load
from shared.usecases.reading.read_ahead import read_ahead
from shared.usecases.reading.tables.changes import BuiltTables, Changes
from shared.usecases.reading.tables.read_thread import (
    ReadRows,
    ThreadRows,
    read_rows,
)
from shared.usecases.reading.tables.tables_state import (
    HALF_A_STATE,
    OURS,
    STATE_FILE,
    NotTables,
    TablesState,
    ThreadEntry,
    read_state,
)

MANY = 50
"""Threads from which on it takes long to read them."""
PEOPLE_AT_ONCE = 10_000
Folders = dict[str, tuple[Part, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTables:
    """Writes the tables of the threads that an index has.

    `archive_name` tells archives apart; `on_thread` takes how many are read, and of
    all; `read_long` returns what reads many threads, in processes of their own.
    """

    archive: ArchiveFiles
    archive_name: str
    index: IndexReader
    target: SiteFolder
    tables: TablesFolder
    built_on: str
    on_thread: Callable[[int, int], None] = lambda done, total: None  # noqa: ARG005
    read_long: Callable[[], ReadRows] = lambda: read_rows
    scratch: str = ""
    """Where in the folder rows are sorted; what is there is nobody's file."""

    async def __call__(self) -> BuiltTables:
        """Build.

        Raises:
            NotTables: the folder holds something else, or tables of another archive.
            Transient: the archive cannot be reached; nothing has changed then.

        """
        new = TablesState(archive=self.archive_name)
        there = await self.files_there()
        before = await self.state(there)
        if before is None or before.sizes != there:
            before = new
            await self.save(new)
        try:
            return await self.build(before, there)
        except DamagedPart:
            self.tables.clear()
            return await self.build(new, there)

    async def files_there(self) -> dict[str, int]:
        """Return the sizes of the files in the folder, by path.

        Raises:
            NotTables: one is not of tables.

        """
        there = {
            file.path: file.size
            async for file in self.target.walk()
            if not (self.scratch and file.path.startswith(self.scratch))
        }
        for path in [path for path in there if HALF_A_STATE.fullmatch(path)]:
            await self.target.remove(path)
            del there[path]
        if other := next(
            (path for path in there if path != STATE_FILE and not OURS.fullmatch(path)),
            "",
        ):
            raise NotTables(
                f"the folder holds something else ({other}): choose an empty or new one"
            )
        return there

    async def state(self, there: dict[str, int]) -> TablesState | None:
        """Return what the folder holds; None for nothing. Its file is taken out.

        Raises:
            NotTables: it is of another archive, or says nothing.

        """
        if not there:
            return None
        if STATE_FILE not in there:
            raise NotTables(
                "the folder holds something else: choose an empty or new one"
            )
        del there[STATE_FILE]
        found = read_state(await self.target.read(STATE_FILE))
        if found.archive != self.archive_name:
            raise NotTables(
                "the folder holds the tables of another archive: choose another"
            )
        return found

    async def save(self, state: TablesState) -> None:
        await self.target.replace(STATE_FILE, state.stored)

    async def build(self, before: TablesState, there: Mapping[str, int]) -> BuiltTables:
        built = BuiltTables()
        states = self.index.states()
        changes = await self.read(before, states, built)
        folders, written = self.write(before, changes)
        after = TablesState(
            archive=self.archive_name,
            lines=self.index.about.size,
            root=self.index.about.root,
            built_on=self.built_on,
            is_finished=True,
            folders=folders,
            threads=changes.threads,
        )
        if replace(after, built_on=before.built_on) != before:
            await self.publish(before, after, written, there, built)
        self.count(after, built)
        return built

    # Read

    async def read(
        self,
        before: TablesState,
        states: Mapping[str, ThreadState],
        built: BuiltTables,
    ) -> Changes:
        """Read the threads that have changed, and take in their rows."""
        changes = Changes()
        for thread_id, entry in before.threads.items():
            if states.get(thread_id) == entry.state:
                changes.threads[thread_id] = entry
        wanted = [name for name in states if name not in changes.threads]
        self.on_thread(0, len(wanted))
        async for rows in self.rows_of(wanted):
            old = before.threads.get(rows.thread_id)
            if rows.failure:
                built.failures.append(f"{rows.thread_id}: {rows.failure}")
            else:
                state = states[rows.thread_id]
                new = ThreadEntry(state=state, digests=rows.digests)
                changed = changes.put(rows.thread_id, old, new)
                self.tables.add(rows.prepared, changed)
                built.read += 1
            self.on_thread(built.read + len(built.failures), len(wanted))
        for thread_id, entry in before.threads.items():
            if thread_id not in changes.threads:
                changes.remove(thread_id, entry)
        built.failures += [
            f"{unread.thread_id}: {unread.reason}" for unread in self.index.unread()
        ]
        return changes

    def rows_of(self, thread_ids: list[str]) -> AsyncIterator[ThreadRows]:
        read = self.read_long() if len(thread_ids) >= MANY else read_rows

        async def read_one(thread_id: str) -> ThreadRows:
            try:
                raw = await load(self.archive, thread_id)
            except IntegrityError as error:
                return ThreadRows(thread_id, failure=str(error))
            return await read(raw, self.tables.prepare)

        return read_ahead(in_turn(thread_ids), read_one)

    def people(self) -> Iterator[Placed]:
        for person in self.index.everybody():
            yield person_row(
                person.raw_id,
                person.names,
                (person.thread_count, person.message_count),
                person.first_message_on,
                person.last_message_on,
            )

    # Write

    def write(self, before: TablesState, changes: Changes) -> tuple[Folders, set[str]]:
        """Write the folders with other rows, out of readers' sight.

        Returns the files that each folder has then, and which folders were written.
        """
        folders = {
            folder: parts
            for folder, parts in before.folders.items()
            if any(part.rows for part in parts)
        }
        wanted = sorted(changes.folders)
        if changes.threads != before.threads:
            people = self.people()
            while some := list(itertools.islice(people, PEOPLE_AT_ONCE)):
                self.tables.add(self.tables.prepare(some), {PEOPLE})
            wanted.append(PEOPLE)
            folders.pop(PEOPLE, None)
        written = set[str]()
        for folder in wanted:
            old = folders.pop(folder, ())
            gone = changes.folders.get(folder, ())
            if parts := tuple(self.tables.rewrite(folder, old, gone)):
                folders[folder] = parts
                written.add(folder)
        for folder in self.empty(folders):
            old = before.folders.get(folder, ())
            if not old or any(part.rows for part in old):
                old = tuple(self.tables.write_empty(folder))
                written.add(folder)
            folders[folder] = old
        return folders, written

    def empty(self, folders: Mapping[str, object]) -> list[str]:
        """Return the folder of each table without a row: it tells the columns."""
        full = {folder.partition("/")[0] for folder in folders}
        return [
            table if table == PEOPLE else folder_of(table, UNDATED)
            for table in TABLES
            if table not in full
        ]

    async def publish(
        self,
        before: TablesState,
        after: TablesState,
        written: set[str],
        there: Mapping[str, int],
        built: BuiltTables,
    ) -> None:
        """Move what was written to where readers look, and remove all else."""
        changed = {
            folder
            for folder in written
            if after.folders[folder] != before.folders.get(folder)
        }
        gone = there.keys() - after.sizes.keys()
        if changed or gone:
            await self.save(TablesState(archive=self.archive_name))
        for folder in sorted(changed):
            self.tables.put(folder, after.folders[folder])
            built.written += len(after.folders[folder])
        for path in sorted(gone):
            await self.target.remove(path)
        built.removed = len(gone)
        await self.save(after)

    def count(self, after: TablesState, built: BuiltTables) -> None:
        built.threads = len(after.threads)
        built.lines, built.root = after.lines, after.root
        built.same = len(after.sizes) - built.written
        built.rows = dict.fromkeys(TABLES, 0)
        for folder, parts in after.folders.items():
            built.rows[folder.partition("/")[0]] += sum(part.rows for part in parts)
