"""Questions about a thread, and what their answers become.

Rule 1: a long thread is asked about in parts; then their summaries are made one, with
        the citations that each sentence rests on.
Rule 2: what was not read is said: nothing is left out silently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shared.domain import json_line
from shared.domain.insights.answers import BadAnswer, read_answer, read_together
from shared.domain.insights.insights import (
    MOST_CITATIONS,
    NOT_TOGETHER,
    SECTIONS,
    Citation,
    Dropped,
    Insights,
    Statement,
    Usage,
)
from shared.domain.insights.terms import NAME, NAME_TOGETHER, Terms
from shared.ports.language_model import Reply, Request
from shared.usecases.insights.check import HeldClaims, keep
from shared.usecases.insights.given import Given, estimated_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A thread that is asked about, as an index has it."""

    thread_id: str
    revision: int
    manifest: str
    messages: int
    digest: str
    """Of what is given."""
    parts: Sequence[Sequence[Given]]

    @property
    def blank(self) -> Insights:
        """Insights that say nothing yet; who asks fills them."""
        return Insights(
            thread_id=self.thread_id,
            revision=self.revision,
            manifest=self.manifest,
            given=self.digest,
            messages=self.messages,
            parts=len(self.parts),
            deployment="",
            model="",
            terms="",
            made_on="",
            sections=dict.fromkeys(SECTIONS, ()),
            is_together=len(self.parts) <= 1,
        )


def question(part: Sequence[Given], terms: Terms) -> Request:
    """Return the question about a part of a thread."""
    return Request(
        instructions=terms.instructions,
        content="\n".join(line.line for line in part),
        name=NAME,
        schema=terms.schema,
        output_tokens=terms.output_tokens,
    )


def kept_of(
    text: str, part: Sequence[Given], subject: Subject, terms: Terms
) -> HeldClaims:
    """Return what holds of an answer about a part.

    Raises:
        BadAnswer: it has not the form that was asked for.

    """
    by_ref = {line.ref: line for line in part}
    return keep(subject.thread_id, read_answer(text, terms), by_ref)


def with_part(
    insights: Insights, kept: HeldClaims, usage: Usage, model: str
) -> Insights:
    """Return insights with what was kept of the next part."""
    return replace(
        insights,
        sections=joined(insights.sections, kept.sections),
        dropped=insights.dropped + kept.dropped,
        usage=insights.usage + usage,
        model=model or insights.model,
    )


def joined(
    first: Mapping[str, tuple[Statement, ...]],
    second: Mapping[str, tuple[Statement, ...]],
) -> dict[str, tuple[Statement, ...]]:
    """Return the statements of both; those of one text are one, but for sentences."""
    both = {name: (*first.get(name, ()), *second.get(name, ())) for name in SECTIONS}
    both["labels"] = merged(both["labels"])
    return both


def merged(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Return statements of which none has the text of another."""
    by_text: dict[str, dict[Citation, None]] = {}
    for statement in statements:
        by_text.setdefault(statement.text, {}).update(
            dict.fromkeys(statement.citations)
        )
    return tuple(
        Statement(text, tuple(citations)[:MOST_CITATIONS])
        for text, citations in by_text.items()
    )


def groups(summary: Sequence[Statement], terms: Terms) -> list[Sequence[Statement]]:
    """Cut the sentences of a summary into groups that fit into one question each."""
    found: list[Sequence[Statement]] = []
    group: list[Statement] = []
    tokens = 0
    for statement in summary:
        cost = estimated_tokens(line_of(0, statement))
        if group and tokens + cost > terms.part_tokens:
            found.append(group)
            group, tokens = [], 0
        group.append(statement)
        tokens += cost
    return [*found, group] if group else found


def question_together(group: Sequence[Statement], terms: Terms) -> Request:
    """Return the question that makes sentences one summary."""
    lines = (line_of(number, each) for number, each in enumerate(group, start=1))
    return Request(
        instructions=terms.instructions_together,
        content="\n".join(lines),
        name=NAME_TOGETHER,
        schema=terms.schema_together,
        output_tokens=terms.output_tokens,
    )


def line_of(number: int, statement: Statement) -> str:
    return json_line.encode(
        json_line.compact({"ref": f"s{number}", "text": statement.text})
    ).decode()


def together(
    text: str, group: Sequence[Statement]
) -> tuple[tuple[Statement, ...], Dropped]:
    """Return the sentences of an answer, each with the citations that it inherits.

    Raises:
        BadAnswer: it has not the form that was asked for.

    """
    by_ref = {f"s{number}": each for number, each in enumerate(group, start=1)}
    sentences, dropped = [], Dropped()
    for sentence, refs in read_together(text):
        known = [by_ref[ref] for ref in dict.fromkeys(refs) if ref in by_ref]
        citations = dict.fromkeys(
            citation for statement in known for citation in statement.citations
        )
        wrong = len(dict.fromkeys(refs)) - len(known)
        dropped += Dropped(statements=not known, citations=wrong)
        if known:
            sentences.append(Statement(sentence, tuple(citations)[:MOST_CITATIONS]))
    if not sentences:
        raise BadAnswer("no sentence of it rests on what it was given")
    return tuple(sentences), dropped


def is_shorter(after: Sequence[Statement], before: Sequence[Statement]) -> bool:
    return len(after) < len(before)


def apart(insights: Insights) -> Insights:
    """Return insights whose parts could not be put together, which say so."""
    return replace(
        insights, is_together=True, missing=(*insights.missing, NOT_TOGETHER)
    )


def usage_of(reply: Reply) -> Usage:
    return Usage(
        requests=1, input_tokens=reply.input_tokens, output_tokens=reply.output_tokens
    )
