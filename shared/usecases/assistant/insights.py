"""The tool that shows what a model said of a thread, with what each sentence cites."""

from typing import Any

from shared.domain.insights.insights import SECTIONS, Citation, Statement
from shared.usecases.assistant.cited import CITATION, LONGEST_NAME
from shared.usecases.assistant.messages import paged
from shared.usecases.assistant.texts import UNTRUSTED, harmless, id_of, short
from shared.usecases.assistant.tool import (
    BOOLEAN,
    INTEGER,
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

LONGEST_QUOTE = 500
MOST_CITATIONS = 5
"""Of a statement."""
CAUTION = (
    "A model made these statements. Each quote was found just now in the version that "
    "it cites; whether a statement is fair, and what is left out, nobody has checked. "
    "Read the messages before you rely on one, and say that a model made it."
)
STATEMENT = an_object(
    {
        "section": {
            **STRING,
            "description": "summary, actions (still to do), labels, or personal_data",
        },
        "citations": a_list(
            an_object({**CITATION, **untrusted({"quote": STRING})}, ("citation",))
        ),
        "citation_count": INTEGER,
        **untrusted({"text": STRING}),
    },
    ("section", "citations", UNTRUSTED),
)


async def thread_insights(question: Question) -> dict[str, Any]:
    """Return what a model said of a thread, as far as it holds now."""
    thread = question.scope.thread(question.arguments["thread_id"])
    question.shown.thread(thread.thread_id)
    insights = question.insights and await question.insights(thread.thread_id)
    if not insights:
        return {
            "thread_id": id_of(thread.thread_id),
            "has_insights": False,
            "truncated": False,
        }
    limit, offset = question.arguments["limit"], question.arguments["offset"]
    said = [
        (name, statement) for name in SECTIONS for statement in insights.sections[name]
    ]
    for _, statement in said[offset : offset + limit]:
        for citation in statement.citations[:MOST_CITATIONS]:
            question.shown.message(thread.thread_id, citation.message_id)
    return {
        "thread_id": id_of(thread.thread_id),
        "has_insights": True,
        "caution": CAUTION,
        "made_on": insights.made_on,
        "revision": insights.revision,
        "statement_count": len(said),
        "statements": [
            statement_json(name, statement)
            for name, statement in said[offset : offset + limit]
        ],
        "missing": [short(words, LONGEST_QUOTE) for words in insights.missing],
        UNTRUSTED: {"model": short(insights.model, LONGEST_NAME)},
        **paged(len(said) > offset + limit, offset + limit),
    }


def statement_json(name: str, statement: Statement) -> dict[str, Any]:
    cited = statement.citations
    return {
        "section": name,
        "citations": [citation_json(each) for each in cited[:MOST_CITATIONS]],
        **without_blanks(
            {"citation_count": len(cited) if len(cited) > MOST_CITATIONS else 0}
        ),
        UNTRUSTED: {"text": harmless(statement.text)},
    }


def citation_json(citation: Citation) -> dict[str, Any]:
    return {
        "citation": {
            "thread_id": id_of(citation.thread_id),
            "message_id": id_of(citation.message_id),
            "version": citation.version,
            "commitment": citation.commitment,
        },
        UNTRUSTED: {"quote": short(citation.quote, LONGEST_QUOTE)},
    }


THREAD_INSIGHTS = Tool(
    name="thread_insights",
    title="What a model says of a thread",
    about="Show what a model said of a thread, if somebody asked one: summary, open "
    "actions, labels and personal data, each with citations that were checked. It is "
    "no evidence: the messages are.",
    parameters=(THREAD_ID, limit_of(20, 50), OFFSET),
    fields={
        "thread_id": STRING,
        "has_insights": BOOLEAN,
        "caution": STRING,
        "made_on": STRING,
        "revision": INTEGER,
        "statement_count": INTEGER,
        "statements": a_list(STATEMENT),
        "missing": a_list(STRING),
        **untrusted({"model": STRING}),
        **PAGE,
        "next": {**INTEGER, "description": "The `offset` of the next page."},
    },
    needed=("thread_id", "has_insights", "truncated"),
    answer=thread_insights,
)
