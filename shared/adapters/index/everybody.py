"""What an index says of people over all threads."""

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from shared.ports.indexed import PersonFacts

EVERYBODY = """
SELECT p.raw_id, p.name, coalesce(m.count, 0), m.first_on, m.last_on,
  (SELECT count(DISTINCT thread) FROM participants t JOIN people q USING (person)
   WHERE q.raw_id = p.raw_id AND (p.raw_id <> '' OR q.name = p.name))
FROM people p LEFT JOIN (
  SELECT sender, count(*) AS count, min(created_on) AS first_on,
    max(created_on) AS last_on
  FROM messages GROUP BY sender
) m ON m.sender = p.person
ORDER BY p.raw_id, p.name
"""


def everybody(db: sqlite3.Connection) -> Iterator[PersonFacts]:
    """Yield everybody: who has no raw id is told from others by the name."""
    rows = db.execute(EVERYBODY)
    for (raw_id, _), names in itertools.groupby(
        rows, key=lambda row: (row[0], "" if row[0] else row[1])
    ):
        yield person_in(raw_id, list(names))


def person_in(raw_id: str, rows: Sequence[Sequence[Any]]) -> PersonFacts:
    """Return the person of some rows, one for each name."""
    latest = sorted(rows, key=lambda row: row[4] or "", reverse=True)
    times = [(first, last) for *_, first, last, _ in rows if first]
    return PersonFacts(
        raw_id=raw_id,
        names=tuple(row[1] for row in latest if row[1]),
        thread_count=rows[0][5],
        message_count=sum(row[2] for row in rows),
        first_message_on=min((first for first, _ in times), default=""),
        last_message_on=max((last for _, last in times), default=""),
    )
