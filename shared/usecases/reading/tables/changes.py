"""What a build of tables finds to be other than before, and what it has done."""

from dataclasses import dataclass, field

from shared.usecases.reading.tables.tables_state import ThreadEntry


@dataclass(slots=True, kw_only=True)
class BuiltTables:
    """What was done: `read` are the threads that were read again.

    `rows` are by table, `written`, `same` and `removed` count files. `failures` hold a
    sentence for each thread that is missing.
    """

    threads: int = 0
    read: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    written: int = 0
    same: int = 0
    removed: int = 0
    lines: int = 0
    root: str = ""
    failures: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Changes:
    """What is other than before: the threads, and the folders to write again.

    `folders` name the threads whose rows there are not to be copied.
    """

    threads: dict[str, ThreadEntry] = field(default_factory=dict)
    folders: dict[str, set[str]] = field(default_factory=dict)

    def put(
        self, thread_id: str, old: ThreadEntry | None, new: ThreadEntry
    ) -> set[str]:
        """Note how a thread is now; return the folders where its rows are others."""
        before = old.digests if old else {}
        changed = {
            folder
            for folder in before.keys() | new.digests.keys()
            if before.get(folder) != new.digests.get(folder)
        }
        for folder in changed:
            gone = self.folders.setdefault(folder, set())
            if folder in before:
                gone.add(thread_id)
        self.threads[thread_id] = new
        return changed

    def remove(self, thread_id: str, old: ThreadEntry) -> None:
        """Note that nothing of a thread is to be left."""
        for folder in old.digests:
            self.folders.setdefault(folder, set()).add(thread_id)
