"""The tool that shows every version of a message: what changed, by whom, when."""

from typing import Any

from shared.ports.assistant import Refused
from shared.ports.indexed import IndexedFile, IndexedVersion
from shared.usecases.assistant.cited import (
    CITATION,
    LONGEST_NAME,
    citation,
    length_of,
)
from shared.usecases.assistant.messages import NO_MESSAGE, paged
from shared.usecases.assistant.parameters import Parameter
from shared.usecases.assistant.texts import UNTRUSTED, harmless, id_of, short
from shared.usecases.assistant.tool import (
    BOOLEAN,
    INTEGER,
    MESSAGE_ID,
    OFFSET,
    PAGE,
    STRING,
    THREAD_ID,
    Question,
    Tool,
    a_list,
    an_object,
    limit_of,
    untrusted,
    without_blanks,
)

LONGEST_VERSION = 4_000
"""Characters of the text of a version."""
MOST_FILES = 20
FIRST = Parameter(
    name="from_character",
    about="Show texts from this character on, where they are long.",
    default=0,
    most=10_000_000,
)
FILE = an_object(
    {
        "number": INTEGER,
        "bytes": INTEGER,
        "outcome": STRING,
        "is_erased": BOOLEAN,
        **untrusted({"name": STRING, "content_type": STRING}),
    }
)
VERSION = an_object(
    {
        **CITATION,
        "kind": {**STRING, "description": "received, edited or deleted"},
        "changed_on": STRING,
        "changed_by": {**STRING, "description": "The raw id of who did it, if known."},
        "is_erased": BOOLEAN,
        "text_length": INTEGER,
        "text_from": INTEGER,
        **untrusted({"text": STRING, "changed_by_name": STRING}),
    },
    ("citation", "kind", UNTRUSTED),
)


async def message_history(question: Question) -> dict[str, Any]:
    """Return the versions of a message, oldest first."""
    arguments, index = question.arguments, question.index
    thread = question.scope.thread(arguments["thread_id"])
    message = index.message(thread.thread_id, arguments["message_id"])
    if message is None:
        raise Refused(NO_MESSAGE)
    question.shown.message(thread.thread_id, message.message_id)
    names = {person.raw_id: person.shown for person in thread.people if person.raw_id}
    offset, limit = arguments["offset"], arguments["limit"]
    versions = message.versions[offset : offset + limit]
    files = index.files(thread.thread_id, message.message_id)
    return {
        "thread_id": id_of(thread.thread_id),
        "message_id": id_of(message.message_id),
        "version_count": len(message.versions),
        "versions": [
            {
                "citation": citation(thread.thread_id, message.message_id, version),
                "kind": version.kind,
                **version_json(version, names, arguments["from_character"]),
            }
            for version in versions
        ],
        **without_blanks(
            {
                "is_edited": message.is_edited,
                "is_deleted": message.is_deleted,
                "is_erased": message.is_erased,
                "outcome": message.outcome,
                "files": [file_json(file) for file in files[:MOST_FILES]],
                "file_count": max(len(files), message.file_count),
            }
        ),
        **paged(len(message.versions) > offset + limit, offset + limit),
    }


def version_json(
    version: IndexedVersion, names: dict[str, str], first: int
) -> dict[str, Any]:
    text = version.text[first : first + LONGEST_VERSION]
    name = names.get(version.changed_by, "")
    return {
        **without_blanks(
            {
                "changed_on": version.changed_on,
                "changed_by": id_of(version.changed_by),
                "is_erased": version.is_erased,
                **length_of(version.text, first, text),
            }
        ),
        UNTRUSTED: without_blanks(
            {"text": harmless(text), "changed_by_name": short(name, LONGEST_NAME)}
        ),
    }


def file_json(file: IndexedFile) -> dict[str, Any]:
    return {
        "number": file.number,
        "bytes": file.bytes,
        "outcome": file.outcome,
        "is_erased": file.is_erased,
        UNTRUSTED: {
            "name": short(file.name, LONGEST_NAME),
            "content_type": short(file.content_type, LONGEST_NAME),
        },
    }


MESSAGE_HISTORY = Tool(
    name="message_history",
    title="History of a message",
    about="Show every version of one message, oldest first: what it said, who changed "
    "or deleted it, and when. Each version has a citation of its own.",
    parameters=(THREAD_ID, MESSAGE_ID, limit_of(10, 20), OFFSET, FIRST),
    fields={
        "thread_id": STRING,
        "message_id": STRING,
        "version_count": INTEGER,
        "versions": a_list(VERSION),
        "is_edited": BOOLEAN,
        "is_deleted": BOOLEAN,
        "is_erased": BOOLEAN,
        "outcome": STRING,
        "file_count": INTEGER,
        "files": a_list(FILE),
        **PAGE,
        "next": {**INTEGER, "description": "The `offset` of the next page."},
    },
    needed=("thread_id", "message_id", "versions", "truncated"),
    answer=message_history,
)
