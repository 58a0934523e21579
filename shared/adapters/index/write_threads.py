"""Writes threads into an index, with their people, files and revisions."""

import sqlite3
from collections.abc import Sequence

from shared.adapters.index import schema
from shared.adapters.index.prepare import PreparedThread
from shared.adapters.index.write_messages import WriteMessages, fill_message_search
from shared.domain.people import beside
from shared.domain.search.fold import folded, words

ROWS_OF_A_THREAD = ("participants", "files", "revisions", "threads")
INSERT_WORDS = "INSERT INTO thread_search (rowid, topic, people) VALUES (?, ?, ?)"
REMOVE_WORDS = (
    "INSERT INTO thread_search (thread_search, rowid, topic, people) "
    "VALUES ('delete', ?, ?, ?)"
)


class WriteThreads:
    """Writes threads by a connection; `people` are the numbers of those it knows."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.people: dict[tuple[str, str, str], int] = {}

    def put(self, thread: PreparedThread, ledger_lines: int) -> None:
        """Write a thread as it is after so many lines of the ledger."""
        number = self.write_facts(thread, ledger_lines)
        before = self.people_of(number)
        WriteMessages(self.db, number, self.person).replace(thread.messages)
        self.write_rows(number, thread)
        self.db.execute(INSERT_WORDS, (number, *self.words_of(number)))
        self.forget(before - self.people_of(number))

    def remove(self, thread_id: str) -> None:
        """Remove all that the index has of a thread, if anything."""
        number = self.number_of(thread_id)
        if number is None:
            return
        people = self.people_of(number)
        self.forget_words(number)
        WriteMessages(self.db, number, self.person).replace(())
        for table in ROWS_OF_A_THREAD:
            self.db.execute(f"DELETE FROM {table} WHERE thread = ?", (number,))
        self.forget(people)

    def fill_search(self) -> None:
        """Write the words of everything into new full-text tables."""
        fill_message_search(self.db)
        for (number,) in self.db.execute("SELECT thread FROM threads").fetchall():
            self.db.execute(INSERT_WORDS, (number, *self.words_of(number)))

    def number_of(self, thread_id: str) -> int | None:
        found = self.db.execute(
            "SELECT thread FROM threads WHERE thread_id = ?", (thread_id,)
        )
        return next((number for (number,) in found), None)

    def write_facts(self, thread: PreparedThread, ledger_lines: int) -> int:
        """Write a thread's row; return its number. Its words are no longer found."""
        old = self.number_of(thread.thread_id)
        if old is not None:
            self.forget_words(old)
        values = (old, *thread.values, ledger_lines)
        number = self.db.execute(
            f"INSERT OR REPLACE INTO threads VALUES ({places(values)})", values
        ).lastrowid
        return int(number or 0)

    def write_rows(self, number: int, thread: PreparedThread) -> None:
        """Write the people, files and revisions of a thread."""
        people = (
            (self.person(*person), takes_part, place)
            for place, (*person, takes_part) in enumerate(thread.people)
        )
        for table, rows in (
            ("participants", people),
            ("files", thread.files),
            ("revisions", thread.revisions),
        ):
            self.db.execute(f"DELETE FROM {table} WHERE thread = ?", (number,))
            for row in rows:
                values = (number, *row)
                self.db.execute(
                    f"INSERT OR REPLACE INTO {table} VALUES ({places(values)})", values
                )

    def words_of(self, number: int) -> tuple[str, str]:
        """Return the words that a thread is found by, as its rows have them."""
        (topic,) = self.db.execute(
            "SELECT topic FROM threads WHERE thread = ?", (number,)
        ).fetchone()
        names = self.db.execute(
            "SELECT name, known_as FROM participants JOIN people USING (person) "
            "WHERE thread = ? ORDER BY place",
            (number,),
        )
        people = f" {schema.BREAK} ".join(
            " ".join(words(beside(*both))) for both in names
        )
        return " ".join(words(topic)), people

    def forget_words(self, number: int) -> None:
        self.db.execute(REMOVE_WORDS, (number, *self.words_of(number)))

    # People

    def person(self, raw_id: str, name: str, known_as: str) -> int:
        """Return somebody's number; they are written if they are new.

        What is known of a number never changes: words are removed by it.
        """
        key = (raw_id, name, known_as)
        if number := self.people.get(key):
            return number
        self.db.execute(
            "INSERT OR IGNORE INTO people VALUES (NULL, ?, ?, ?, ?)",
            (*key, folded(beside(name, known_as))),
        )
        (number,) = self.db.execute(
            "SELECT person FROM people WHERE raw_id = ? AND name = ? AND known_as = ?",
            key,
        ).fetchone()
        self.people[key] = number
        return int(number)

    def people_of(self, number: int) -> set[int]:
        found = self.db.execute(
            "SELECT person FROM participants WHERE thread = ?", (number,)
        )
        return {person for (person,) in found}

    def forget(self, people: set[int]) -> None:
        """Remove those people whom no thread names any more."""
        if not people:
            return
        self.people.clear()
        self.db.executemany(
            "DELETE FROM people WHERE person = ?1 AND NOT EXISTS "
            "(SELECT 1 FROM participants WHERE person = ?1)",
            ((person,) for person in people),
        )


def places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
