"""The directory of people in an index: its own table, for the tools of others too."""

import sqlite3
from collections.abc import Collection

from shared.domain.people import KnownPerson, PeopleDirectory

COLUMNS = ("raw_id", "user_id", "name", "mail", "since", "until")
READ = f"SELECT {', '.join(COLUMNS)} FROM directory ORDER BY raw_id, place"
WITH_PEOPLE = (
    "INSERT OR REPLACE INTO unread SELECT thread_key, thread_id, '' FROM threads "
    "WHERE thread IN (SELECT thread FROM participants JOIN people USING (person) "
    "WHERE raw_id = ?)"
)


def read_directory(db: sqlite3.Connection) -> PeopleDirectory:
    rows = db.execute(READ)
    return PeopleDirectory.of(
        KnownPerson(**dict(zip(COLUMNS, row, strict=True))) for row in rows
    )


def write_directory(
    db: sqlite3.Connection, directory: PeopleDirectory, changed: Collection[str]
) -> None:
    """Write what is known of people; threads that name them are to be read again."""
    for who in changed:
        db.execute("DELETE FROM directory WHERE raw_id = ?", (who,))
        for place, known in enumerate(directory.by_id.get(who, ())):
            said = (known.user_id, known.name, known.mail, known.since, known.until)
            db.execute(
                "INSERT INTO directory VALUES (?, ?, ?, ?, ?, ?, ?)",
                (who, place, *said),
            )
        db.execute(WITH_PEOPLE, (who,))
