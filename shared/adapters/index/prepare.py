"""A thread as the index writes it: the values of its rows, and folded words.

Made in any process, and sent to the one that writes.
"""

import json
from typing import Any, NamedTuple

from shared.adapters.index.rows import message_values, searched_words, version_values
from shared.domain.search.fold import folded
from shared.ports.indexed import IndexedMessage, IndexedThread, Person

Values = tuple[Any, ...]


class PreparedMessage(NamedTuple):
    """A message: what `messages` and `versions` say of it, and what finds it.

    `number` is the one that it has if it is free, `sender` a raw id, a name and
    what the directory calls that person, all "" for nobody.
    """

    message_id: str
    number: int
    sender: tuple[str, str, str]
    values: Values
    versions: tuple[Values, ...]
    words: tuple[str, str, str]


class PreparedThread(NamedTuple):
    """A thread: the values of its rows. `people` come with whether they take part."""

    thread_id: str
    thread_key: str
    values: Values
    people: tuple[tuple[str, str, str, bool], ...]
    messages: tuple[PreparedMessage, ...]
    files: tuple[Values, ...]
    revisions: tuple[Values, ...]


def prepare(thread: IndexedThread) -> PreparedThread:
    """Return what is written of a thread."""
    facts = thread.facts
    messages = tuple(map(prepare_message, thread.messages))
    senders = sorted({Person(*message.sender) for message in messages} - {Person("")})
    people = dict.fromkeys((*facts.people, *senders))
    takes_part = set(facts.participants)
    return PreparedThread(
        thread_id=facts.thread_id,
        thread_key=thread.thread_key,
        values=(
            facts.thread_id, thread.thread_key, facts.topic, folded(facts.topic),
            facts.created_on, facts.created_by, facts.deleted_on, facts.deleted_by,
            facts.first_message_on, facts.last_message_on, facts.message_count,
            facts.edited_count, facts.deleted_count, facts.system_count,
            facts.visibility, facts.grade, facts.grade_reason,
            json.dumps(facts.gaps, ensure_ascii=False), facts.revision,
            facts.written_on,
        ),
        people=tuple(
            (who.raw_id, who.name, who.known_as, who.raw_id in takes_part)
            for who in people
        ),
        messages=messages,
        files=tuple(
            (file.message_id, file.number, file.name, file.content_type, file.bytes,
             file.outcome, file.stored, file.revision, file.is_erased)
            for file in thread.files
        ),
        revisions=tuple(
            (each.revision, each.written_on, each.grade, each.grade_reason,
             each.manifest)
            for each in thread.revisions
        ),
    )  # fmt: skip


def prepare_message(message: IndexedMessage) -> PreparedMessage:
    sender = message.sender
    return PreparedMessage(
        message_id=message.message_id,
        number=message.number,
        sender=(sender.raw_id, sender.name, sender.known_as),
        values=message_values(message),
        versions=tuple(version_values(message)),
        words=searched_words(message),
    )
