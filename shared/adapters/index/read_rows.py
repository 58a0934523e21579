"""Rows of texts, files and revisions, as an index is read."""

import sqlite3
from collections.abc import Iterator

from shared.ports.indexed import (
    IndexedFile,
    IndexedRevision,
    IndexedTexts,
    Person,
    number_of,
)

TEXTS = (
    "SELECT m.message, thread, message_id, sender, created_on, text, is_edited, "
    "is_deleted, file_count, "
    "EXISTS (SELECT 1 FROM versions v WHERE v.message = m.message) "
    "FROM messages m ORDER BY m.message"
)
EARLIER = "SELECT text FROM versions WHERE message = ? ORDER BY place"


def all_texts(db: sqlite3.Connection) -> Iterator[IndexedTexts]:
    """Yield what every message says and said; people and threads are read once."""
    threads = dict(db.execute("SELECT thread, thread_id FROM threads"))
    rows = db.execute("SELECT person, raw_id, name, known_as FROM people")
    people = {None: Person("")} | {number: Person(*person) for number, *person in rows}
    for (number, thread, message_id, sender, created_on, text, is_edited, is_deleted,
         file_count, has_versions) in db.execute(TEXTS):  # fmt: skip
        texts = (text,)
        if has_versions:
            earlier = (said for (said,) in db.execute(EARLIER, (number,)))
            texts = tuple(dict.fromkeys((text, *filter(None, earlier))))
        name = str(message_id)
        yield IndexedTexts(
            threads[thread], name, number_of(name, created_on or ""), people[sender],
            texts, bool(is_edited), bool(is_deleted), file_count > 0,
        )  # fmt: skip


def files_of(
    db: sqlite3.Connection, thread_id: str, message_id: str
) -> list[IndexedFile]:
    """Return the files of a thread, or of a message in it if one is given."""
    rows = db.execute(
        "SELECT message_id, number, name, content_type, bytes, outcome, stored, "
        "f.revision, is_erased FROM files f JOIN threads t USING (thread) "
        "WHERE thread_id = ?1 AND (?2 = '' OR message_id = ?2) "
        "ORDER BY message_id, number",
        (thread_id, message_id),
    )
    return [
        IndexedFile(
            message_id=message_id, number=number, name=name, bytes=size,
            content_type=content_type, outcome=outcome, stored=stored,
            revision=revision, is_erased=bool(is_erased),
        )
        for message_id, number, name, content_type, size, outcome, stored,
        revision, is_erased in rows
    ]  # fmt: skip


def revisions_of(db: sqlite3.Connection, thread_id: str) -> list[IndexedRevision]:
    """Return the revisions of a thread, oldest first."""
    rows = db.execute(
        "SELECT r.revision, r.written_on, r.grade, r.grade_reason, manifest "
        "FROM revisions r JOIN threads t USING (thread) WHERE thread_id = ? "
        "ORDER BY r.revision",
        (thread_id,),
    )
    return [
        IndexedRevision(
            revision=revision, written_on=written_on, grade=grade,
            grade_reason=grade_reason, manifest=manifest,
        )
        for revision, written_on, grade, grade_reason, manifest in rows
    ]  # fmt: skip
