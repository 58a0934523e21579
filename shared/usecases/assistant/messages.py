"""Tools that show messages: to search them, and to read a thread."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from shared.domain.search.limits import beginning, limit
from shared.domain.search.query import NoQuery, Query, parse_query
from shared.ports.archive_index import Filter
from shared.ports.assistant import Refused
from shared.ports.indexed import IndexedMessage
from shared.usecases.assistant.cited import (
    LONGEST_NAME,
    MESSAGE,
    cited_message,
)
from shared.usecases.assistant.parameters import Parameter, read_limit
from shared.usecases.assistant.texts import UNTRUSTED, id_of, short
from shared.usecases.assistant.tool import (
    AFTER,
    BEFORE,
    BOOLEAN,
    INTEGER,
    OFFSET,
    PAGE,
    PARTICIPANT,
    STRING,
    THREAD_ID,
    TOPIC,
    Question,
    Tool,
    a_list,
    limit_of,
    untrusted,
    without_blanks,
)

LONGEST_FOUND, LONGEST_READ = 500, 2_000
"""Characters of a message, where many are found or read."""
MOST_TEXT = 20_000
"""Characters of text in an answer."""
MOST_COUNTED = 1_000
NO_MESSAGE = "the thread has no such message; `read_thread` has all"
QUERY = Parameter(
    name="query",
    about='Words that must all be there, "quoted phrases", prefix*, OR, NOT or -word, '
    "brackets. Case and accents do not matter. Without it, the newest messages.",
)
EDITED = Parameter(
    name="edited", about="Only messages that were edited.", default=False
)
DELETED = Parameter(
    name="deleted", about="Only messages that were deleted.", default=False
)
WITH_FILES = Parameter(
    name="with_files", about="Only messages with files.", default=False
)
AFTER_MESSAGE = Parameter(
    name="after_message_id", about="The last one that was read; `next` says it."
)


async def search_messages(question: Question) -> dict[str, Any]:
    """Find messages, the newest first."""
    arguments, index = question.arguments, question.index
    query, chosen = query_in(arguments["query"]), chosen_in(question)
    limit, offset = arguments["limit"], arguments["offset"]
    found = index.search(query, chosen, limit + 1, offset)
    shown = []
    for hit in found[:limit]:
        question.shown.message(hit.thread_id, hit.message.message_id)
        shown.append(
            cited_message(
                hit.thread_id,
                hit.message,
                LONGEST_FOUND,
                query=query,
                topic=hit.topic,
            )
        )
    count = index.count(query, chosen, MOST_COUNTED)
    return {
        "messages": shown,
        "found": count,
        "is_found_more": count == MOST_COUNTED,
        **paged(len(found) > limit, offset + limit),
    }


def query_in(text: str) -> Query | None:
    if not text.strip():
        return None
    try:
        return parse_query(text)
    except NoQuery as error:
        raise Refused(f"`query` cannot be read: {error}") from None


def chosen_in(question: Question) -> Filter:
    """Return which messages are meant, of those that may be shown."""
    arguments = question.arguments
    return replace(
        question.scope.all,
        participant=arguments["participant"],
        topic=arguments["topic"],
        after=read_limit("after", arguments["after"], beginning),
        before=read_limit("before", arguments["before"], limit),
        is_edited=arguments.get("edited", False),
        is_deleted=arguments.get("deleted", False),
        has_files=arguments.get("with_files", False),
    )


def paged(is_more: bool, following: object) -> dict[str, Any]:
    return {"truncated": True, "next": following} if is_more else {"truncated": False}


async def read_thread(question: Question) -> dict[str, Any]:
    """Return messages of a thread, oldest first."""
    thread = question.scope.thread(question.arguments["thread_id"])
    limit = question.arguments["limit"]
    found = question.index.messages(
        thread.thread_id, limit + 1, question.arguments["after_message_id"]
    )
    question.shown.thread(thread.thread_id)
    shown = []
    for message in within(found[:limit], MOST_TEXT):
        question.shown.message(thread.thread_id, message.message_id)
        shown.append(cited_message(thread.thread_id, message, LONGEST_READ))
    is_more = len(shown) < len(found)
    return {
        "thread_id": id_of(thread.thread_id),
        "message_count": thread.message_count,
        "messages": shown,
        **paged(is_more, found[len(shown) - 1].message_id if is_more else ""),
        UNTRUSTED: without_blanks({"topic": short(thread.topic, LONGEST_NAME)}),
    }


def within(messages: Iterable[IndexedMessage], most: int) -> Iterator[IndexedMessage]:
    """Yield messages until their texts are long enough, and always the first."""
    total = 0
    for message in messages:
        length = min(len(message.text), LONGEST_READ)
        if total and total + length > most:
            return
        total += length
        yield message


SEARCH_MESSAGES = Tool(
    name="search_messages",
    title="Search messages",
    about="Find messages of the chat archive by words, people, topic, time, or by what "
    "happened to them; the newest first. Earlier versions are searched too.",
    parameters=(
        QUERY, PARTICIPANT, TOPIC, AFTER, BEFORE, EDITED, DELETED, WITH_FILES,
        limit_of(10, 50), OFFSET,
    ),
    fields={
        "messages": a_list(MESSAGE),
        "found": INTEGER,
        "is_found_more": {**BOOLEAN, "description": "Whether there are more."},
        **PAGE,
        "next": {**INTEGER, "description": "The `offset` of the next page."},
    },
    needed=("messages", "found", "truncated"),
    answer=search_messages,
)  # fmt: skip
READ_THREAD = Tool(
    name="read_thread",
    title="Read a thread",
    about="Read the messages of one thread, oldest first, a page at a time. A long "
    "text is cut: message_history shows the rest.",
    parameters=(THREAD_ID, AFTER_MESSAGE, limit_of(20, 100)),
    fields={
        "thread_id": STRING,
        "message_count": INTEGER,
        "messages": a_list(MESSAGE),
        **PAGE,
        "next": {**STRING, "description": "The `after_message_id` of the next page."},
        **untrusted({"topic": STRING}),
    },
    needed=("thread_id", "messages", "truncated"),
    answer=read_thread,
)
