"""What somebody asks for, as conditions of SQL: values are always bound."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.search.fold import folded, words
from shared.domain.search.query import (
    Both,
    Either,
    Query,
    Term,
    Without,
    all_of,
    is_meant,
)
from shared.domain.times import to_milliseconds
from shared.ports.archive_index import Filter
from shared.ports.indexed import Person

LARGEST = 2**63 - 1
"""Number of SQLite; no message has as large an id."""
AMONG = "IN (SELECT value FROM json_each(?))"
SENT_BY = (
    "m.sender IN (SELECT person FROM people JOIN json_each(?) AS given ON "
    "raw_id = given.value ->> 0 AND name = given.value ->> 1)"
)


@dataclass(slots=True)
class Conditions:
    """Conditions that are all to hold, and the values that they are bound to."""

    texts: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    def add(self, text: str, *values: object) -> None:
        self.texts.append(text)
        self.values.extend(values)

    @property
    def where(self) -> str:
        return f" WHERE {' AND '.join(self.texts)}" if self.texts else ""


def expression(query: Query) -> str:
    """Return a query as FTS5 reads it. Its words hold letters, digits and marks.

    Brackets stand only where they are needed: SQLite's parser takes few in each other.
    """
    match query:
        case Term(found, is_prefix):
            return f'"{" ".join(found)}"{" *" if is_prefix else ""}'
        case Both(left, right):
            return f"{within(left, Either)} AND {within(right, Either, Both)}"
        case Either(left, right):
            return f"{within(left)} OR {within(right, Either)}"
        case Without(left, right):
            return f"{within(left, Either, Both)} NOT {within(right, *OPERATORS)}"


OPERATORS = (Either, Both, Without)


def within(query: Query, *bracketed: type) -> str:
    """Return a query as a part of another, in brackets if it is one of some kinds."""
    text = expression(query)
    return f"({text})" if isinstance(query, bracketed) else text


def people_meant(db: sqlite3.Connection, text: str) -> Iterator[tuple[int, Person]]:
    """Yield who has this raw id, or a name with words that begin like these."""
    sought = words(text) if all_of(text) else []
    among = " AND ".join(["instr(name_folded, ?)"] * len(sought)) or "FALSE"
    rows = db.execute(
        "SELECT person, raw_id, name, known_as FROM people "
        f"WHERE raw_id = ? OR ({among}) ORDER BY name, raw_id",
        (text, *sought),
    )
    for number, *said in rows:
        person = Person(*said)
        if is_meant(text, person.raw_id, person.shown):
            yield number, person


def on_threads(db: sqlite3.Connection, chosen: Filter) -> Conditions:
    """Return the conditions on a thread `t`."""
    found = Conditions()
    for ids in (chosen.threads or None, chosen.only_threads):
        if ids is not None:
            found.add(f"t.thread_id {AMONG}", json.dumps(ids))
    if chosen.participant:
        people = [number for number, _ in people_meant(db, chosen.participant)]
        found.add(
            f"t.thread IN (SELECT thread FROM participants WHERE person {AMONG})",
            json.dumps(people),
        )
    if chosen.topic:
        found.add("instr(t.topic_folded, ?)", folded(chosen.topic))
    return found


def on_messages(chosen: Filter) -> Conditions:
    """Return the conditions on a message `m`."""
    found = Conditions()
    for limit, sign in ((chosen.after, ">"), (chosen.before, "<")):
        if isinstance(limit, datetime):
            found.add(f"m.created_on {sign} ?", to_milliseconds(limit))
        elif limit is not None:
            bound = min(limit, LARGEST)
            found.add(f"CAST(m.message_id AS INTEGER) {sign} ?", bound)
    for is_asked, text in (
        (chosen.is_edited, "m.is_edited"),
        (chosen.is_deleted, "m.is_deleted"),
        (chosen.has_files, "m.file_count"),
    ):
        if is_asked:
            found.add(text)
    if chosen.senders is not None:
        people = [[person.raw_id, person.name] for person in chosen.senders]
        found.add(SENT_BY, json.dumps(people))
    return found
