"""Tools that show threads and people, and how complete the archive of them is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shared.ports.archive_index import Unread
from shared.ports.assistant import Refused
from shared.ports.indexed import Person, ThreadFacts
from shared.usecases.assistant.cited import LONGEST_NAME
from shared.usecases.assistant.messages import chosen_in, paged
from shared.usecases.assistant.parameters import Parameter
from shared.usecases.assistant.texts import UNTRUSTED, harmless, id_of, short
from shared.usecases.assistant.tool import (
    AFTER,
    BEFORE,
    BOOLEAN,
    INTEGER,
    OFFSET,
    PAGE,
    PARTICIPANT,
    STRING,
    TOPIC,
    Question,
    Tool,
    a_list,
    an_object,
    limit_of,
    untrusted,
    without_blanks,
)

MOST_PEOPLE = 10
"""Of a thread, in a list of threads."""
MOST_NAMES = 10
"""Of somebody who changed theirs."""
MOST_GAPS = 20
MOST_UNREAD = 50
LONGEST_REASON = 500
PERSON = an_object({"raw_id": STRING, "name": STRING})
THREAD = an_object(
    {
        "thread_id": STRING,
        "created_on": STRING,
        "deleted_on": STRING,
        "first_message_on": STRING,
        "last_message_on": STRING,
        "message_count": INTEGER,
        "edited_count": INTEGER,
        "deleted_count": INTEGER,
        "grade": STRING,
        "people_count": INTEGER,
        **untrusted({"topic": STRING, "people": a_list(PERSON)}),
    },
    ("thread_id", "grade", UNTRUSTED),
)


async def list_threads(question: Question) -> dict[str, Any]:
    """Return threads, those with the newest messages first."""
    limit, offset = question.arguments["limit"], question.arguments["offset"]
    found = list(question.index.threads(chosen_in(question), limit + 1, offset))
    for thread in found[:limit]:
        question.shown.thread(thread.thread_id)
    return {
        "threads": [thread_json(thread) for thread in found[:limit]],
        **paged(len(found) > limit, offset + limit),
    }


def thread_json(thread: ThreadFacts) -> dict[str, Any]:
    people = [person_json(person) for person in thread.people[:MOST_PEOPLE]]
    return {
        "thread_id": id_of(thread.thread_id),
        "grade": thread.grade,
        **without_blanks(
            {
                "created_on": thread.created_on,
                "deleted_on": thread.deleted_on,
                "first_message_on": thread.first_message_on,
                "last_message_on": thread.last_message_on,
                "message_count": thread.message_count,
                "edited_count": thread.edited_count,
                "deleted_count": thread.deleted_count,
                "people_count": len(thread.people),
            }
        ),
        UNTRUSTED: without_blanks(
            {"topic": short(thread.topic, LONGEST_NAME), "people": people}
        ),
    }


def person_json(person: Person) -> dict[str, str]:
    named = {"raw_id": id_of(person.raw_id), "name": short(person.shown, LONGEST_NAME)}
    return without_blanks(named)


async def who_is(question: Question) -> dict[str, Any]:
    """Return who is meant by a raw id or a name, among those who may be shown."""
    limit, index = question.arguments["limit"], question.index
    sought = question.arguments["name"]
    found = index.people(sought, question.scope.all, MOST_ROWS)
    # Somebody without a raw id is known by the name alone.
    people = list(dict.fromkeys((person.raw_id, "" if person.raw_id else person.name)
                                for person, _ in found))  # fmt: skip
    shown = []
    for raw_id, name in people[:limit]:
        rows = index.people(raw_id or name, question.scope.all, MOST_ROWS)
        same = [row for row in rows if row[0].raw_id == raw_id]
        names = [person.shown for person, _ in same if person.shown]
        shown.append(
            {
                **without_blanks({"raw_id": id_of(raw_id)}),
                "thread_count": threads_with(question, same),
                UNTRUSTED: {
                    "names": [short(name, LONGEST_NAME) for name in names[:MOST_NAMES]]
                },
            }
        )
    return {
        "people": shown,
        "fits_several": len(people) > 1,
        "truncated": len(people) > limit or len(found) == MOST_ROWS,
    }


MOST_ROWS = 200
"""Of people and their names that are looked at."""


def threads_with(question: Question, rows: Sequence[tuple[Person, int]]) -> int:
    """Return in how many threads somebody is, under any of their names."""
    if len(rows) == 1:
        return rows[0][1]
    raw_id = rows[0][0].raw_id
    chosen = replace(question.scope.all, participant=raw_id)
    return sum(
        any(person.raw_id == raw_id for person in thread.people)
        for thread in question.index.threads(chosen)
    )


async def completeness(question: Question) -> dict[str, Any]:
    """Return how complete a thread is, or how many threads are how complete."""
    thread_id, scope = question.arguments["thread_id"], question.scope
    unread = [each for each in scope.index.unread() if scope.may_name(each.thread_id)]
    if not thread_id:
        for each in unread[:MOST_UNREAD]:
            question.shown.thread(each.thread_id)
        return {
            "grades": dict(scope.index.grades(scope.all)),
            "unread_count": len(unread),
            "unread": [unread_json(each) for each in unread[:MOST_UNREAD]],
            "truncated": len(unread) > MOST_UNREAD,
        }
    missing = [each for each in unread if each.thread_id == thread_id]
    try:
        thread = scope.thread(thread_id)
    except Refused:
        if not missing:
            raise
        question.shown.thread(thread_id)
        return {"unread_count": 1, "unread": [unread_json(missing[0])],
                "truncated": False}  # fmt: skip
    question.shown.thread(thread.thread_id)
    return grade_json(thread)


def grade_json(thread: ThreadFacts) -> dict[str, Any]:
    gaps: Sequence[str] = thread.gaps
    return {
        "thread_id": id_of(thread.thread_id),
        "grade": thread.grade,
        "grade_reason": thread.grade_reason,
        "gaps": [short(gap, LONGEST_REASON) for gap in gaps[:MOST_GAPS]],
        "visibility": thread.visibility,
        "revision": thread.revision,
        "archived_on": thread.written_on,
        "truncated": len(gaps) > MOST_GAPS,
    }


def unread_json(unread: Unread) -> dict[str, str]:
    return {
        "thread_id": id_of(unread.thread_id),
        "reason": harmless(unread.reason[:LONGEST_REASON]),
    }


LIST_THREADS = Tool(
    name="list_threads",
    title="List threads",
    about="List the threads of the chat archive, those with the newest messages first, "
    "with topic, people, times, counts and grade of completeness.",
    parameters=(PARTICIPANT, TOPIC, AFTER, BEFORE, limit_of(20, 100), OFFSET),
    fields={
        "threads": a_list(THREAD),
        **PAGE,
        "next": {**INTEGER, "description": "The `offset` of the next page."},
    },
    needed=("threads", "truncated"),
    answer=list_threads,
)
WHO_IS = Tool(
    name="who_is",
    title="Who is this?",
    about="Find people by a raw id, a name, or the beginning of one. A name proves "
    "nothing: where it fits several people, ask which one is meant, and go on with the "
    "raw id.",
    parameters=(
        Parameter(name="name", about="A raw id or a name.", is_needed=True),
        limit_of(10, 50),
    ),
    fields={
        "people": a_list(
            an_object(
                {
                    "raw_id": STRING,
                    "thread_count": INTEGER,
                    **untrusted({"names": a_list(STRING)}),
                },
                ("thread_count", UNTRUSTED),
            )
        ),
        "fits_several": BOOLEAN,
        **PAGE,
    },
    needed=("people", "fits_several", "truncated"),
    answer=who_is,
)
COMPLETENESS = Tool(
    name="completeness",
    title="How complete is it?",
    about="Tell how complete the archive of a thread is, why, and which gaps it has; "
    "without `thread_id`, how many threads have which grade, and which ones could not "
    "be read. Grades: complete (every version is known and was checked), "
    "all_the_service_had (earlier edits and deletions cannot be known), "
    "may_be_incomplete. Say the grade before you say that something is not there.",
    parameters=(Parameter(name="thread_id", about="The id of a thread."),),
    fields={
        "thread_id": STRING,
        "grade": STRING,
        "grade_reason": STRING,
        "gaps": a_list(STRING),
        "visibility": STRING,
        "revision": INTEGER,
        "archived_on": STRING,
        "grades": {"type": "object", "additionalProperties": INTEGER},
        "unread_count": INTEGER,
        "unread": a_list(an_object({"thread_id": STRING, "reason": STRING})),
        **PAGE,
    },
    needed=("truncated",),
    answer=completeness,
)
