"""Rows of files and revisions of a thread, as an index is read."""

import sqlite3

from shared.ports.indexed import IndexedFile, IndexedRevision


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
