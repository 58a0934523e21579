"""Writes threads into an index, with their people, files and revisions."""

import json
import sqlite3
from collections.abc import Sequence

from shared.adapters.index import schema
from shared.adapters.index.write_messages import WriteMessages, fill_message_search
from shared.domain.search.fold import folded, words
from shared.ports.indexed import IndexedThread, Person, ThreadFacts

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
        self.people: dict[Person, int] = {}

    def put(self, thread: IndexedThread) -> None:
        number = self.write_facts(thread)
        before = self.people_of(number)
        senders = WriteMessages(self.db, number, self.person).replace(thread.messages)
        self.write_people(number, thread.facts, senders)
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

    def write_facts(self, thread: IndexedThread) -> int:
        """Write a thread's row; return its number. Its words are no longer found."""
        facts = thread.facts
        old = self.number_of(facts.thread_id)
        if old is not None:
            self.forget_words(old)
        values = (
            old,
            facts.thread_id, thread.thread_key, facts.topic, folded(facts.topic),
            facts.created_on, facts.created_by, facts.deleted_on, facts.deleted_by,
            facts.first_message_on, facts.last_message_on, facts.message_count,
            facts.edited_count, facts.deleted_count, facts.system_count,
            facts.visibility, facts.grade, facts.grade_reason,
            json.dumps(facts.gaps, ensure_ascii=False), facts.revision,
            facts.written_on,
        )  # fmt: skip
        number = self.db.execute(
            f"INSERT OR REPLACE INTO threads VALUES ({places(values)})", values
        ).lastrowid
        return int(number or 0)

    def write_people(
        self, number: int, facts: ThreadFacts, senders: set[Person]
    ) -> None:
        self.db.execute("DELETE FROM participants WHERE thread = ?", (number,))
        named = {person.raw_id for person in facts.people}
        nameless = (Person(who) for who in facts.participants if who not in named)
        people = dict.fromkeys((*facts.people, *nameless, *sorted(senders)))
        self.db.executemany(
            "INSERT INTO participants VALUES (?, ?, ?, ?)",
            (
                (number, self.person(who), who.raw_id in facts.participants, place)
                for place, who in enumerate(people)
            ),
        )

    def write_rows(self, number: int, thread: IndexedThread) -> None:
        """Write the files and revisions of a thread."""
        files = (
            (number, file.message_id, file.number, file.name, file.content_type,
             file.bytes, file.outcome, file.stored, file.revision, file.is_erased)
            for file in thread.files
        )  # fmt: skip
        revisions = (
            (number, each.revision, each.written_on, each.grade, each.grade_reason,
             each.manifest)
            for each in thread.revisions
        )  # fmt: skip
        for table, rows in (("files", files), ("revisions", revisions)):
            self.db.execute(f"DELETE FROM {table} WHERE thread = ?", (number,))
            for values in rows:
                self.db.execute(
                    f"INSERT OR REPLACE INTO {table} VALUES ({places(values)})", values
                )

    def words_of(self, number: int) -> tuple[str, str]:
        """Return the words that a thread is found by, as its rows have them."""
        (topic,) = self.db.execute(
            "SELECT topic FROM threads WHERE thread = ?", (number,)
        ).fetchone()
        names = self.db.execute(
            "SELECT name FROM participants JOIN people USING (person) "
            "WHERE thread = ? ORDER BY place",
            (number,),
        )
        people = f" {schema.BREAK} ".join(" ".join(words(name)) for (name,) in names)
        return " ".join(words(topic)), people

    def forget_words(self, number: int) -> None:
        self.db.execute(REMOVE_WORDS, (number, *self.words_of(number)))

    # People

    def person(self, who: Person) -> int:
        """Return somebody's number; they are written if they are new."""
        if number := self.people.get(who):
            return number
        self.db.execute(
            "INSERT OR IGNORE INTO people VALUES (NULL, ?, ?, ?)",
            (who.raw_id, who.name, folded(who.name)),
        )
        (number,) = self.db.execute(
            "SELECT person FROM people WHERE raw_id = ? AND name = ?",
            (who.raw_id, who.name),
        ).fetchone()
        self.people[who] = number
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
