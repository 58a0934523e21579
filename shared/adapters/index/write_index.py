"""Writes an index: one process at a time, in steps that are kept or lost whole.

Rule 1: while threads are to be read the index says so, and nobody believes it: a build
        that was killed goes on where it stopped.
Rule 2: after an erasure the full-text tables are made from what is left, and the file
        is written whole, so that no byte of what was erased is left in it.
"""

import json
import os
import sqlite3
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.adapters.index import schema
from shared.adapters.index.about import read_position
from shared.adapters.index.directory import read_directory, write_directory
from shared.adapters.index.prepare import PreparedThread, prepare
from shared.adapters.index.write_threads import WriteThreads
from shared.domain.errors import IntegrityError
from shared.domain.people import PeopleDirectory
from shared.ports.archive_index import IndexBusy, IndexFailed
from shared.ports.indexed import IndexedThread

FILE_MODE = 0o600
PATIENCE = 3
"""Seconds that a search of somebody else gets to end."""
CACHE = "PRAGMA cache_size = -65536"
"""64 MiB, in KiB."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Let what an index or a disk is to blame for be told from an error of ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise IndexFailed(f"the index {path} cannot be written: {error}") from None
    except sqlite3.DatabaseError:
        raise IndexFailed(f"the index is damaged: delete {path}") from None


class SqliteIndexWriter:
    """An index that is being built; `known` are its threads' numbers by id."""

    def __init__(self, path: Path, archive: str) -> None:
        """Open the index of an archive, or begin one.

        Raises:
            IndexBusy: another process is building it.

        """
        self.path = path
        self.archive = archive
        self.open()
        if not self.is_sound():
            self.clear()
        self.set_about(archive=archive)

    def is_sound(self) -> bool:
        """Return whether it is an index of ours that a build can go on with."""
        names = {name for (name,) in self.db.execute("SELECT name FROM sqlite_master")}
        if not names >= schema.NAMES or self.value("format") != schema.FORMAT:
            return False
        return read_position(self.value("position")) is not None

    def open(self) -> None:
        """Open the file anew; threads are written by the connection that is open."""
        self.db = self.opened()
        self.threads = WriteThreads(self.db)

    def opened(self) -> sqlite3.Connection:
        """Return a connection that no other process can disturb."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives its journal the file's mode.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, FILE_MODE))
        self.path.chmod(FILE_MODE)
        db = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        try:
            for pragma in ("locking_mode = EXCLUSIVE", "secure_delete = ON"):
                db.execute(f"PRAGMA {pragma}")
            db.execute(CACHE)
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            db.close()
            raise IndexBusy(
                f"{self.path} is in use by another process, which builds or reads it: "
                "run the same command again when that is done"
            ) from None
        except sqlite3.DatabaseError:
            # Not a database, or a damaged one: nothing in it is worth keeping.
            db.close()
            self.path.unlink()
            return self.opened()
        return db

    # What it stands for

    def value(self, name: str) -> str:
        with suppress(sqlite3.DatabaseError):
            found = self.db.execute("SELECT value FROM about WHERE name = ?", (name,))
            for (value,) in found:
                return str(value)
        return ""

    def set_about(self, **values: str) -> None:
        self.db.executemany(
            "INSERT OR REPLACE INTO about VALUES (?, ?)", values.items()
        )

    @property
    def position(self) -> Mapping[str, object]:
        return read_position(self.value("position")) or {}

    @property
    def seen(self) -> set[bytes]:
        return {leaf for (leaf,) in self.db.execute("SELECT leaf FROM ledger")}

    def clear(self) -> None:
        """Begin anew, in a new file: nothing of the old one is left in it."""
        self.db.close()
        self.path.unlink(missing_ok=True)
        self.open()
        self.db.executescript(f"BEGIN; {schema.TABLES}")  # which commits first
        self.set_about(format=schema.FORMAT, archive=self.archive, state="building")

    def note(
        self,
        position: Mapping[str, object],
        leaves: Sequence[bytes],
        keys: Iterable[str],
        *,
        erases: bool,
        problems: Sequence[str] = (),
    ) -> None:
        self.db.executemany(
            "INSERT OR IGNORE INTO ledger VALUES (?)", ((leaf,) for leaf in leaves)
        )
        ids = dict(self.db.execute("SELECT thread_key, thread_id FROM threads"))
        self.db.executemany(
            "INSERT OR REPLACE INTO unread VALUES (?, ?, '')",
            ((key, ids.get(key, "")) for key in keys),
        )
        self.set_about(position=json.dumps(position), state="building")
        if erases:
            self.set_about(erases="yes")
        if problems:
            self.set_about(problems=json.dumps([*self.problems, *problems]))
        self.save()

    @property
    def problems(self) -> Sequence[str]:
        return [str(each) for each in json.loads(self.value("problems") or "[]")]

    def retry(self) -> None:
        if self.db.execute("UPDATE unread SET reason = ''").rowcount:
            self.set_about(state="building")

    def pending(self) -> Mapping[str, str]:
        return dict(
            self.db.execute(
                "SELECT thread_key, thread_id FROM unread "
                "WHERE reason = '' AND thread_key != ''"
            )
        )

    def unkeyed(self) -> Sequence[str]:
        found = self.db.execute("SELECT thread_id FROM unread WHERE thread_key = ''")
        return [thread_id for (thread_id,) in found]

    def known_threads(self) -> set[str]:
        return {row[0] for row in self.db.execute("SELECT thread_id FROM threads")}

    # People

    def directory(self) -> PeopleDirectory:
        return read_directory(self.db)

    def set_directory(
        self, directory: PeopleDirectory, changed: Collection[str]
    ) -> None:
        write_directory(self.db, directory, changed)
        self.set_about(state="building")
        self.save()

    # Threads

    @property
    def prepare(self) -> Callable[[IndexedThread], PreparedThread]:
        """What makes of a thread what `put` takes."""
        return prepare

    def put(self, prepared: PreparedThread) -> None:
        other = self.db.execute(
            "SELECT 1 FROM threads WHERE thread_key = ? AND thread_id != ?",
            (prepared.thread_key, prepared.thread_id),
        )
        if other.fetchone():
            raise IntegrityError("another thread has its key")
        lines = self.position.get("lines", 0)
        self.threads.put(prepared, lines if isinstance(lines, int) else 0)
        self.forget_unread(prepared.thread_key, prepared.thread_id)

    def fail(self, thread_key: str, thread_id: str, reason: str) -> None:
        self.threads.remove(thread_id)
        self.forget_unread(thread_key, thread_id)
        self.db.execute(
            "INSERT OR REPLACE INTO unread VALUES (?, ?, ?)",
            (thread_key, thread_id, reason),
        )

    def forget_unread(self, thread_key: str, thread_id: str) -> None:
        self.db.execute(
            "DELETE FROM unread WHERE (thread_key = ?1 AND ?1 != '') "
            "OR (thread_id = ?2 AND ?2 != '')",
            (thread_key, thread_id),
        )

    # Saving

    def save(self) -> None:
        self.db.execute("COMMIT")
        self.db.execute("BEGIN")

    def finish(self, built_on: str) -> None:
        # P12: an erasure leaves nothing behind.
        is_erasing, is_new = self.value("erases"), not self.value("built_on")
        if is_erasing:
            self.db.executescript(  # which commits first
                f"BEGIN; {schema.DROP_SEARCH_TABLES}{schema.SEARCH_TABLES}"
            )
            self.threads.fill_search()
        elif is_new:
            self.db.execute(schema.OPTIMIZE)
        if is_erasing or is_new:
            self.write_whole()
        self.db.execute("DELETE FROM about WHERE name = 'erases'")
        self.set_about(state="finished", built_on=built_on)
        self.save()

    def write_whole(self) -> None:
        """Write what is left into a new file, in place of the old one."""
        new = self.path.with_name(f"{self.path.name}.new")
        new.unlink(missing_ok=True)
        os.close(os.open(new, os.O_RDWR | os.O_CREAT, FILE_MODE))
        self.db.execute("COMMIT")
        self.db.execute("VACUUM INTO ?", (str(new),))
        self.db.close()
        new.replace(self.path)
        self.open()

    def close(self) -> None:
        self.db.close()
