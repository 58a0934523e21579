"""Reads an index. Nothing here writes, not even a journal."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from shared.adapters.index import schema
from shared.adapters.index.about import read_position
from shared.adapters.index.conditions import (
    Conditions,
    expression,
    on_messages,
    on_threads,
    people_meant,
)
from shared.adapters.index.directory import read_directory
from shared.adapters.index.everybody import everybody
from shared.adapters.index.read_rows import all_texts, files_of, revisions_of
from shared.adapters.index.reading import BUILD, reading
from shared.adapters.index.rows import (
    FACTS,
    MESSAGE_FIELDS,
    READ_MESSAGE,
    facts_in,
    message_in,
    stored_id,
)
from shared.domain.people import PeopleDirectory
from shared.domain.search.query import Query
from shared.ports.archive_index import (
    Filter,
    Hit,
    IndexAbout,
    MissingIndex,
    NoIndex,
    ThreadState,
    Unread,
)
from shared.ports.indexed import (
    IndexedFile,
    IndexedMessage,
    IndexedRevision,
    IndexedTexts,
    Person,
    PersonFacts,
    ThreadFacts,
)

SEARCHED = (
    "FROM message_search s CROSS JOIN messages m ON m.message = s.rowid "
    "JOIN threads t ON t.thread = m.thread LEFT JOIN people p ON p.person = m.sender"
)
ALL = (
    "FROM messages m JOIN threads t ON t.thread = m.thread "
    "LEFT JOIN people p ON p.person = m.sender"
)


STATES = "SELECT thread_id, thread_key, ledger_lines FROM threads"


class SqliteIndexReader:
    """An index that was finished."""

    def __init__(self, path: Path) -> None:
        """Open an index.

        Raises:
            NoIndex: it cannot be believed.

        """
        self.is_older = False
        if not path.exists():
            raise MissingIndex(f"there is no index: {BUILD}")
        address = f"{path.absolute().as_uri()}?mode=ro"
        with reading(path):
            self.db = sqlite3.connect(address, uri=True, timeout=1)
        try:
            with reading(path):
                self.about = self.read_about(path)
        except NoIndex:
            self.db.close()
            raise

    def read_about(self, path: Path) -> IndexAbout:
        tables = {name for (name,) in self.db.execute("SELECT name FROM sqlite_master")}
        if not tables >= schema.NAMES:
            raise NoIndex(f"{path} is not finished: {BUILD}")
        values = dict(self.db.execute("SELECT name, value FROM about"))
        if values.get("format") != schema.FORMAT:
            raise NoIndex(f"{path} is of another version: {BUILD}")
        if values.get("state") != "finished":
            raise NoIndex(f"{path} is not finished: {BUILD}")
        position = read_position(values.get("position"))
        if position is None or not values.keys() >= {"archive", "built_on"}:
            raise NoIndex(f"{path} is damaged: delete it")
        return IndexAbout(
            archive=values["archive"],
            size=position.get("lines", 0),
            root=position.get("root", ""),
            built_on=values["built_on"],
            position=position,
        )

    def close(self) -> None:
        self.db.close()

    def unread(self) -> Sequence[Unread]:
        rows = self.db.execute("SELECT thread_id, reason FROM unread ORDER BY 1, 2")
        return [Unread(thread_id=name, reason=reason) for name, reason in rows]

    # Messages

    def search(
        self, query: Query | None, chosen: Filter, limit: int, offset: int = 0
    ) -> Sequence[Hit]:
        source, found = self.sought(query, chosen)
        # The full-text table gives its rows backwards; any other order is sorted.
        number = "s.rowid" if query else "m.message"
        rows = self.db.execute(
            f"SELECT {MESSAGE_FIELDS}, t.thread_id, t.topic {source}{found.where} "
            f"ORDER BY {number} DESC LIMIT ? OFFSET ?",
            (*found.values, limit, offset),
        )
        return [
            Hit(thread_id=thread_id, topic=topic, message=message_in(self.db, row))
            for *row, thread_id, topic in rows
        ]

    def texts(self) -> Iterator[IndexedTexts]:
        return all_texts(self.db)

    def count(self, query: Query | None, chosen: Filter, most: int) -> int:
        source, found = self.sought(query, chosen)
        if chosen == Filter() and query:
            source = "FROM message_search s"  # without a look at any message
        (number,) = self.db.execute(
            f"SELECT count(*) FROM (SELECT 1 {source}{found.where} LIMIT ?)",
            (*found.values, most),
        ).fetchone()
        return int(number)

    def sought(self, query: Query | None, chosen: Filter) -> tuple[str, Conditions]:
        """Return the tables to search, and the conditions."""
        found = Conditions()
        if query:
            found.add("message_search MATCH ?", expression(query))
        for more in (on_threads(self.db, chosen), on_messages(chosen)):
            found.texts += more.texts
            found.values += more.values
        return SEARCHED if query else ALL, found

    def messages(
        self, thread_id: str, limit: int, after: str = ""
    ) -> Sequence[IndexedMessage]:
        rows = self.db.execute(
            f"{READ_MESSAGE} JOIN threads t ON t.thread = m.thread "
            "WHERE t.thread_id = ? AND m.message_id > ? ORDER BY m.message_id LIMIT ?",
            (thread_id, stored_id(after) if after else -1, limit),
        )
        return [message_in(self.db, row) for row in rows]

    def message_ids(self, thread_id: str) -> Sequence[str]:
        rows = self.db.execute(
            "SELECT CAST(m.message_id AS TEXT) FROM messages m JOIN threads t "
            "USING (thread) WHERE t.thread_id = ? ORDER BY m.message_id",
            (thread_id,),
        )
        return [message_id for (message_id,) in rows]

    def message(self, thread_id: str, message_id: str) -> IndexedMessage | None:
        rows = self.db.execute(
            f"{READ_MESSAGE} JOIN threads t ON t.thread = m.thread "
            "WHERE t.thread_id = ? AND m.message_id = ?",
            (thread_id, stored_id(message_id)),
        )
        return next((message_in(self.db, row) for row in rows), None)

    # Threads

    def threads(
        self, chosen: Filter, limit: int | None = None, offset: int = 0,
        query: Query | None = None,
    ) -> Iterator[ThreadFacts]:  # fmt: skip
        found = on_threads(self.db, chosen)
        spoken = on_messages(chosen)
        if spoken.texts:
            found.add(
                f"EXISTS (SELECT 1 FROM messages m{spoken.where} "
                "AND m.thread = t.thread)",
                *spoken.values,
            )
        if query:
            found.add(
                "t.thread IN (SELECT m.thread FROM message_search s JOIN messages m "
                "ON m.message = s.rowid WHERE message_search MATCH ?)",
                expression(query),
            )
        yield from self.facts(
            f"FROM threads t{found.where} "
            "ORDER BY t.last_message_on DESC, t.thread_id LIMIT ? OFFSET ?",
            (*found.values, -1 if limit is None else limit, offset),
        )

    def threads_called(
        self, query: Query, chosen: Filter, limit: int
    ) -> Sequence[ThreadFacts]:
        found = on_threads(self.db, chosen)
        found.add("thread_search MATCH ?", expression(query))
        return list(
            self.facts(
                "FROM thread_search s JOIN threads t ON t.thread = s.rowid"
                f"{found.where} ORDER BY t.last_message_on DESC, t.thread_id LIMIT ?",
                (*found.values, limit),
            )
        )

    def states(self) -> Mapping[str, ThreadState]:
        return {
            thread_id: ThreadState(thread_key=key, ledger_lines=lines)
            for thread_id, key, lines in self.db.execute(STATES)
        }

    def grades(self, chosen: Filter) -> Mapping[str, int]:
        found = on_threads(self.db, chosen)
        source = f"FROM threads t{found.where} GROUP BY t.grade ORDER BY t.grade"
        rows = self.db.execute(f"SELECT t.grade, count(*) {source}", found.values)
        return dict(rows.fetchall())

    def thread_ids(self, beginning: str, limit: int) -> Sequence[str]:
        rows = self.db.execute(
            "SELECT thread_id FROM threads WHERE substr(thread_id, 1, ?) = ? "
            "ORDER BY last_message_on DESC LIMIT ?",
            (len(beginning), beginning, limit),
        )
        return [thread_id for (thread_id,) in rows]

    def facts(self, source: str, values: Sequence[object]) -> Iterator[ThreadFacts]:
        for row in self.db.execute(f"SELECT {FACTS} {source}", values):
            people = self.db.execute(
                "SELECT raw_id, name, known_as, takes_part FROM participants "
                "JOIN people USING (person) WHERE thread = ? ORDER BY place",
                (row[0],),
            ).fetchall()
            yield facts_in(row[1:], people)

    def files(self, thread_id: str, message_id: str = "") -> Sequence[IndexedFile]:
        return files_of(self.db, thread_id, message_id)

    def revisions(self, thread_id: str) -> Sequence[IndexedRevision]:
        return revisions_of(self.db, thread_id)

    # People

    def directory(self) -> PeopleDirectory:
        return read_directory(self.db)

    def everybody(self) -> Iterator[PersonFacts]:
        return everybody(self.db)

    def people(
        self, name: str, chosen: Filter, limit: int
    ) -> Sequence[tuple[Person, int]]:
        found, on = list[tuple[Person, int]](), on_threads(self.db, chosen)
        where = f"{on.where} AND" if on.texts else " WHERE"
        for number, person in people_meant(self.db, name):
            (threads,) = self.db.execute(
                "SELECT count(*) FROM participants JOIN threads t USING (thread)"
                f"{where} person = ?",
                (*on.values, number),
            ).fetchone()
            if threads:
                found.append((person, threads))
            if len(found) == limit:
                break
        return found
