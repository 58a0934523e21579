"""What an index is to blame for when it is read, told from an error of the program."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.ports.archive_index import NoIndex

BUILD = "build it with `chat-archive index`"
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
NO_ACCESS = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
)
"""Also after a build that was killed: only a writer can read what it has left."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Let what an index is to blame for be told from an error of the program.

    Raises:
        NoIndex: it is being built, is not finished, or is damaged.

    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = error.sqlite_errorcode & 0xFF
        if code in BUSY:
            raise NoIndex(f"{path} is being built just now") from None
        if code in NO_ACCESS:
            raise NoIndex(f"{path} is unfinished or unreadable: {BUILD}") from None
        raise NoIndex(f"{path} is no index, or is damaged: delete it") from None
