"""Writes the messages of a thread into an index: only those that changed."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator

from shared.adapters.index.prepare import PreparedMessage, prepare_message
from shared.adapters.index.rows import (
    MESSAGE_COLUMNS,
    READ_MESSAGE,
    message_in,
    searched_words,
)
from shared.adapters.index.schema import SLOTS

PLACES = ", ".join("?" * len(MESSAGE_COLUMNS.split(",")))
INSERT = f"INSERT INTO messages ({MESSAGE_COLUMNS}) VALUES ({PLACES})"
INSERT_VERSION = "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_WORDS = (
    "INSERT INTO message_search (rowid, text, earlier, sender) VALUES (?, ?, ?, ?)"
)
REMOVE_WORDS = (
    "INSERT INTO message_search (message_search, rowid, text, earlier, sender) "
    "VALUES ('delete', ?, ?, ?, ?)"
)
PersonNumber = Callable[[str, str, str], int]


class WriteMessages:
    """Writes the messages of the thread that has a number in the index."""

    def __init__(
        self, db: sqlite3.Connection, thread: int, person: PersonNumber
    ) -> None:
        """`person` returns somebody's number, and writes who is new."""
        self.db = db
        self.thread = thread
        self.person = person

    def replace(self, messages: Iterable[PreparedMessage]) -> None:
        """Bring the index to these messages; what is the same stays as it is."""
        old = dict(self.stored())
        for message in messages:
            number, known = old.pop(message.message_id, (0, 0))
            if number and known == hash(message):
                continue
            if number:
                self.remove(number)
            self.insert(number or self.free_number(message.number), message)
        for number, _ in old.values():
            self.remove(number)

    def stored(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yield the id of each message with its number, and a hash of all it says."""
        rows = self.db.execute(f"{READ_MESSAGE} WHERE m.thread = ?", (self.thread,))
        for row in rows:
            message = prepare_message(message_in(self.db, row))
            yield message.message_id, (row[0], hash(message))

    def insert(self, number: int, message: PreparedMessage) -> None:
        sender = self.person(*message.sender) if any(message.sender) else None
        self.db.execute(INSERT, (number, self.thread, sender, *message.values))
        self.db.execute(INSERT_WORDS, (number, *message.words))
        for values in message.versions:
            self.db.execute(INSERT_VERSION, (number, *values))

    def remove(self, number: int) -> None:
        row = self.db.execute(f"{READ_MESSAGE} WHERE m.message = ?", (number,))
        message = message_in(self.db, row.fetchone())
        self.db.execute(REMOVE_WORDS, (number, *searched_words(message)))
        self.db.execute("DELETE FROM versions WHERE message = ?", (number,))
        self.db.execute("DELETE FROM messages WHERE message = ?", (number,))

    def free_number(self, number: int) -> int:
        """Return a number for a new message of a millisecond: the next that is free."""
        first = number * SLOTS
        if not self.db.execute(
            "SELECT 1 FROM messages WHERE message = ?", (first,)
        ).fetchone():
            return first
        (free,) = self.db.execute(
            "SELECT message + 1 FROM messages m WHERE message >= ? AND NOT EXISTS "
            "(SELECT 1 FROM messages WHERE message = m.message + 1) "
            "ORDER BY message LIMIT 1",
            (first,),
        ).fetchone()
        return int(free)


def fill_message_search(db: sqlite3.Connection) -> None:
    """Write the words of all messages into a new full-text table."""
    rows = db.execute(READ_MESSAGE)
    for row in rows:
        message = message_in(db, row)
        db.execute(INSERT_WORDS, (row[0], *searched_words(message)))
