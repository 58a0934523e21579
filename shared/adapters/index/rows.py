"""Rows of an index, to and from what they say; and the words they are found by."""

import functools
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shared.adapters.index.schema import BREAK
from shared.domain.search.fold import words
from shared.ports.indexed import IndexedMessage, IndexedVersion, Person, ThreadFacts

MATCHED = "matched"
"""The outcome of nearly every message; its row has no `problem`."""
MESSAGE_COLUMNS = (
    "message, thread, sender, message_id, version, type, is_system, created_on, "
    "edited_on, deleted_on, is_edited, is_deleted, is_erased, text, file_count, "
    "problem, commitment"
)
MESSAGE_FIELDS = (
    "m.message, m.message_id, m.version, m.type, m.is_system, m.created_on, "
    "m.edited_on, m.deleted_on, m.is_edited, m.is_deleted, m.is_erased, m.text, "
    "m.file_count, m.problem, m.commitment, p.raw_id, p.name, p.known_as"
)
READ_MESSAGE = (
    f"SELECT {MESSAGE_FIELDS} FROM messages m LEFT JOIN people p ON p.person = m.sender"
)
FACTS = (
    "t.thread, t.thread_id, t.topic, t.created_on, t.created_by, t.deleted_on, "
    "t.deleted_by, t.first_message_on, t.last_message_on, t.message_count, "
    "t.edited_count, t.deleted_count, t.system_count, t.visibility, t.grade, "
    "t.grade_reason, t.gaps, t.revision, t.written_on"
)
READ_VERSIONS = (
    "SELECT version, kind, changed_on, changed_by, text, is_erased, commitment "
    "FROM versions WHERE message = ? ORDER BY place"
)


def message_values(message: IndexedMessage) -> tuple[object, ...]:
    """Return the values of a message's row, from its id on."""
    return (
        stored_id(message.message_id),
        None if message.version == message.number else message.version,
        message.type,
        message.is_system,
        message.created_on or None,
        message.edited_on or None,
        message.deleted_on or None,
        message.is_edited,
        message.is_deleted,
        message.is_erased,
        message.text,
        message.file_count,
        None if message.outcome == MATCHED else message.outcome,
        bytes.fromhex(message.commitment),
    )


def stored_id(message_id: str) -> int | str:
    """Return an id as `messages` has it."""
    if message_id.isdecimal() and str(int(message_id)) == message_id:
        return int(message_id)
    return message_id


def version_values(message: IndexedMessage) -> list[tuple[object, ...]]:
    """Return a message's rows in `versions`; none where it was never changed."""
    if is_unchanged(message):
        return []
    return [
        (
            place,
            version.version,
            version.kind,
            version.changed_on,
            version.changed_by,
            version.text,
            version.is_erased,
            bytes.fromhex(version.commitment),
        )
        for place, version in enumerate(message.versions)
    ]


def is_unchanged(message: IndexedMessage) -> bool:
    """Return whether a message's row says all of its only version."""
    return message.versions == (only_version(message),)


def only_version(message: IndexedMessage) -> IndexedVersion:
    return IndexedVersion(
        version=message.version,
        kind="received",
        changed_on=message.created_on,
        changed_by=message.sender.raw_id,
        text=message.text,
        is_erased=message.is_erased,
        commitment=message.commitment,
    )


def message_in(db: sqlite3.Connection, row: Sequence[Any]) -> IndexedMessage:
    """Return the message in a row of `READ_MESSAGE`."""
    (number, message_id, version, type_, is_system, created_on, edited_on, deleted_on,
     is_edited, is_deleted, is_erased, text, file_count, problem, commitment,
     raw_id, name, known_as) = row  # fmt: skip
    versions = tuple(map(version_in, db.execute(READ_VERSIONS, (number,))))
    message = IndexedMessage(
        message_id=str(message_id),
        version=int(message_id) if version is None else version,
        type=type_,
        is_system=bool(is_system),
        sender=Person(raw_id or "", name or "", known_as or ""),
        created_on=created_on or "",
        edited_on=edited_on or "",
        deleted_on=deleted_on or "",
        is_edited=bool(is_edited),
        is_deleted=bool(is_deleted),
        is_erased=bool(is_erased),
        text=text,
        file_count=file_count,
        outcome=problem or MATCHED,
        commitment=commitment.hex(),
        versions=versions,
    )
    if versions:
        return message
    return replace(message, versions=(only_version(message),))


def version_in(row: Sequence[Any]) -> IndexedVersion:
    """Return the version in a row of `READ_VERSIONS`."""
    version, kind, changed_on, changed_by, text, is_erased, commitment = row
    return IndexedVersion(
        version=version,
        kind=kind,
        changed_on=changed_on,
        changed_by=changed_by,
        text=text,
        is_erased=bool(is_erased),
        commitment=commitment.hex(),
    )


def searched_words(message: IndexedMessage) -> tuple[str, str, str]:
    """Return the words of text, earlier texts and sender, each as one string."""
    earlier = f" {BREAK} ".join(" ".join(words(text)) for text in message.earlier_texts)
    return " ".join(words(message.text)), earlier, name_words(message.sender.shown)


@functools.lru_cache(maxsize=4096)
def name_words(name: str) -> str:
    return " ".join(words(name))


def facts_in(row: Sequence[Any], people: Sequence[Any]) -> ThreadFacts:
    """Return the facts in a row of a thread, given those of its people."""
    (thread_id, topic, created_on, created_by, deleted_on, deleted_by,
     first_message_on, last_message_on, message_count, edited_count, deleted_count,
     system_count, visibility, grade, grade_reason, gaps, revision,
     written_on) = row  # fmt: skip
    return ThreadFacts(
        thread_id=thread_id,
        topic=topic,
        created_on=created_on,
        created_by=created_by,
        deleted_on=deleted_on,
        deleted_by=deleted_by,
        first_message_on=first_message_on,
        last_message_on=last_message_on,
        message_count=message_count,
        edited_count=edited_count,
        deleted_count=deleted_count,
        system_count=system_count,
        visibility=visibility,
        grade=grade,
        grade_reason=grade_reason,
        gaps=tuple(json.loads(gaps)),
        revision=revision,
        written_on=written_on,
        people=tuple(Person(*person) for *person, _ in people),
        participants=tuple(
            dict.fromkeys(raw_id for raw_id, _, _, takes_part in people if takes_part)
        ),
    )
