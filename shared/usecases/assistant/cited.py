"""Messages as an assistant gets them: each text with the version that it can cite."""

from collections.abc import Mapping
from typing import Any

from shared.domain.search.query import Query
from shared.domain.search.snippet import hits
from shared.ports.indexed import IndexedMessage, IndexedVersion, Person
from shared.usecases.assistant.texts import UNTRUSTED, harmless, id_of, short
from shared.usecases.assistant.tool import (
    BOOLEAN,
    INTEGER,
    STRING,
    Schema,
    an_object,
    untrusted,
    without_blanks,
)

LONGEST_NAME = 200
BEFORE_HIT = 100
"""Characters of a long text that are shown before what was found in it."""
CITATION: Schema = {
    "citation": {
        **an_object(
            {
                "thread_id": STRING,
                "message_id": STRING,
                "version": INTEGER,
                "commitment": STRING,
            },
            ("thread_id", "message_id", "version", "commitment"),
        ),
        "description": "Cite the text with this: it names one version of one message, "
        "and `chat-archive prove` proves what it said.",
    }
}
MESSAGE: Schema = an_object(
    {
        **CITATION,
        "sent_on": STRING,
        "sender_id": STRING,
        "edited_on": STRING,
        "deleted_on": STRING,
        "is_edited": BOOLEAN,
        "is_deleted": BOOLEAN,
        "is_erased": BOOLEAN,
        "is_system": BOOLEAN,
        "is_earlier_version": {
            **BOOLEAN,
            "description": "Whether this text is not that of the newest version.",
        },
        "version_count": INTEGER,
        "file_count": INTEGER,
        "outcome": {**STRING, "description": "How events and service compared."},
        "text_length": {**INTEGER, "description": "Where only a part is shown."},
        "text_from": {**INTEGER, "description": "Where the part begins."},
        **untrusted({"text": STRING, "sender_name": STRING, "topic": STRING}),
    },
    ("citation", UNTRUSTED),
)


def citation(
    thread_id: str, message_id: str, version: IndexedVersion
) -> dict[str, Any]:
    """Return what names one version of one message."""
    return {
        "thread_id": id_of(thread_id),
        "message_id": id_of(message_id),
        "version": version.version,
        "commitment": version.commitment,
    }


def cited_message(
    thread_id: str,
    message: IndexedMessage,
    most: int,
    *,
    query: Query | None = None,
    topic: str = "",
) -> dict[str, Any]:
    """Return a message: of its text, at most so many characters.

    With a query, it is the text in which something was found, around what was found.
    """
    version = version_to_show(message, query)
    first, text = part_of(version.text, most, query)
    return {
        "citation": citation(thread_id, message.message_id, version),
        **without_blanks(
            {
                "sent_on": message.created_on,
                "sender_id": id_of(message.sender.raw_id),
                "edited_on": message.edited_on,
                "deleted_on": message.deleted_on,
                "is_edited": message.is_edited,
                "is_deleted": message.is_deleted,
                "is_erased": message.is_erased,
                "is_system": message.is_system,
                "is_earlier_version": version is not message.versions[-1],
                "version_count": len(message.versions),
                "file_count": message.file_count,
                "outcome": message.outcome,
                **length_of(version.text, first, text),
            }
        ),
        UNTRUSTED: without_blanks(
            {"text": harmless(text), **name_of(message.sender, "sender_name")}
            | ({"topic": short(topic, LONGEST_NAME)} if topic else {})
        ),
    }


def version_to_show(message: IndexedMessage, query: Query | None) -> IndexedVersion:
    """Return the version whose text is shown: what people read, or what was found."""
    newest_first = tuple(reversed(message.versions))
    read = next(
        (version for version in newest_first if version.text == message.text),
        newest_first[0],
    )
    if query is None or hits(read.text, query):
        return read
    return next(
        (version for version in newest_first if hits(version.text, query)), read
    )


def part_of(text: str, most: int, query: Query | None) -> tuple[int, str]:
    """Return where the part of a text begins that is shown, and the part."""
    found = hits(text, query) if query and len(text) > most else []
    first = max(0, min(found[0][0] - BEFORE_HIT, len(text) - most)) if found else 0
    return first, text[first : first + most]


def length_of(text: str, first: int, part: str) -> Mapping[str, int]:
    """Return how long a text is of which only a part is shown, and where that is."""
    if len(part) == len(text):
        return {}
    return {"text_length": len(text), "text_from": first}


def name_of(person: Person, key: str) -> Mapping[str, str]:
    return {key: short(person.shown, LONGEST_NAME)} if person.shown else {}
