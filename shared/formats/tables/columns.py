"""The columns of the tables of an archive: docs/formats.md explains how to read them.

Rule 1: what is said of a thread stands in `threads` alone, so that a new topic or grade
        does not change every message of it.
Rule 2: a column never has the name of what folders are called by (`month`).
Rule 3: an absent text is "", an absent time is null.
"""

from collections.abc import Mapping
from types import MappingProxyType

from shared.formats.rows import (
    HISTORY_COLUMNS,
    MESSAGE_COLUMNS,
    NUMBER,
    TEXT,
    Column,
)

NAME = "tables"
ABOUT = "an archive as tables by month, for Fabric, Databricks, Synapse, DuckDB"
SCHEMA = 1
"""Changes with names, types and meanings of columns, so that all is written again."""
TIME = "TIMESTAMPTZ"
"""Microseconds, in UTC."""
OF_THREADS = ("thread_topic", "grade", "grade_reason")
"""Columns of a file of messages that a table has in `threads`."""
NO_TIME = "or null"


TIMES = {
    "created_on": "when it was sent",
    "edited_on": f"when it was last edited, {NO_TIME}",
    "deleted_on": f"when it was deleted, {NO_TIME}",
    "changed_on": f"when this version came to be, {NO_TIME}",
}


def of_table(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns of a flat file as a table has them, its times as times."""
    return tuple(
        Column(column.name, TIME, TIMES[column.name])
        if column.name in TIMES
        else column
        for column in columns
        if column.name not in OF_THREADS
    )


READ_TEXT = Column(
    "text",
    TEXT,
    "as people read it: html as plain text; of a deleted message what it said before",
)
VERSION_TEXT = Column("text", TEXT, "this version as people read it")
THREAD_COLUMNS = (
    Column("thread_id", TEXT, "the thread"),
    Column("topic", TEXT, "its topic, or empty"),
    Column("created_on", TIME, f"when it was created, {NO_TIME}"),
    Column("created_by", TEXT, "raw id, or empty"),
    Column("deleted_on", TIME, f"when it was deleted, {NO_TIME}"),
    Column("deleted_by", TEXT, "raw id, or empty"),
    Column("first_message_on", TIME, f"when its first message was sent, {NO_TIME}"),
    Column("last_message_on", TIME, f"when its last message was sent, {NO_TIME}"),
    Column("message_count", NUMBER, "how many messages are known"),
    Column("edited_count", NUMBER, "how many of them were edited"),
    Column("deleted_count", NUMBER, "how many were deleted"),
    Column("system_count", NUMBER, "how many the service said"),
    Column("erased_count", NUMBER, "how many lost something on request"),
    Column(
        "participants",
        TEXT,
        "JSON: who is or was in it, with `id`, `name`, `present` (null: unknown)",
    ),
    Column("metadata", TEXT, "JSON, or empty"),
    Column("retention_policy", TEXT, "JSON, or empty"),
    Column("visibility", TEXT, "full, partial, snapshot or events_only"),
    Column("grade", TEXT, "how far the thread's archive can be relied on"),
    Column("grade_reason", TEXT, "why it is not complete, or empty"),
    Column("gaps", TEXT, "JSON: what may be missing and why, or empty"),
    Column("revision", NUMBER, "the newest revision, which all rows are of"),
    Column("written_on", TIME, "when that was written"),
    Column("manifest", TEXT, "SHA-256 of its manifest"),
)
PEOPLE_COLUMNS = (
    Column("person_id", TEXT, "raw id; empty for somebody known by name alone"),
    Column("kind", TEXT, "acs_user, teams_user, teams_visitor, …, or empty"),
    Column("name", TEXT, "the name that they wrote under last"),
    Column("names", TEXT, "JSON: every name that is known"),
    Column("thread_count", NUMBER, "threads in which they take part or are named"),
    Column("message_count", NUMBER, "messages that they sent"),
    Column("first_message_on", TIME, f"when they sent the first, {NO_TIME}"),
    Column("last_message_on", TIME, f"when they sent the last, {NO_TIME}"),
)


def after(columns: tuple[Column, ...], name: str, more: Column) -> tuple[Column, ...]:
    place = [column.name for column in columns].index(name) + 1
    return (*columns[:place], more, *columns[place:])


MESSAGES, VERSIONS, THREADS, PEOPLE = "messages", "versions", "threads", "people"
TABLES: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        MESSAGES: after(of_table(MESSAGE_COLUMNS), "content", READ_TEXT),
        VERSIONS: after(of_table(HISTORY_COLUMNS), "content", VERSION_TEXT),
        THREADS: THREAD_COLUMNS,
        PEOPLE: PEOPLE_COLUMNS,
    }
)
ORDER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        MESSAGES: ("created_on", "thread_id", "message_id"),
        VERSIONS: ("changed_on", "thread_id", "message_id", "version"),
        THREADS: ("created_on", "thread_id"),
        PEOPLE: ("person_id", "name"),
    }
)
"""What the rows of a table are sorted by, which no two rows have in common."""
