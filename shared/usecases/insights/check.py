"""Check insights against an archive, without a model: whether each quote is there.

Rule 1: a citation holds if the thread has that version of that message, with that
        commitment, and its quote stands in that version's text.
Rule 2: of a statement, only citations that hold are kept; without one it is dropped.
Rule 3: this proves that words were said, in which version and by whom. It does not
        prove that a statement tells them fairly, nor that nothing is left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from shared.domain.insights.answers import Claim
from shared.domain.insights.insights import (
    MOST_CITATIONS,
    SECTIONS,
    Citation,
    Dropped,
    Insights,
    Statement,
)
from shared.domain.insights.quotes import flat, stands_in
from shared.ports.indexed import IndexedMessage
from shared.usecases.insights.given import Given

FindMessage = Callable[[str], IndexedMessage | None]
"""Returns a message of the thread by its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Insights as far as they hold; `problems` says of the rest why it does not.

    No problem holds a text of the archive.
    """

    insights: Insights
    holding: int
    """Citations that hold."""
    problems: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.problems


@dataclass(slots=True)
class HeldClaims:
    """What holds of what a model said, while it is looked at."""

    sections: dict[str, tuple[Statement, ...]] = field(default_factory=dict)
    dropped: Dropped = field(default_factory=Dropped)


def check(insights: Insights, find: FindMessage) -> Checked:
    """Return what of insights holds."""
    problems: list[str] = []
    sections: dict[str, tuple[Statement, ...]] = {}
    holding = 0
    for name in SECTIONS:
        kept = []
        for number, statement in enumerate(insights.sections.get(name, ()), start=1):
            reasons = [
                why_not(citation, insights.thread_id, find)
                for citation in statement.citations
            ]
            held = tuple(
                citation
                for citation, reason in zip(statement.citations, reasons, strict=True)
                if not reason
            )
            where = f"{name} {number}"
            problems += [f"{where}: {reason}" for reason in reasons if reason]
            holding += len(held)
            if held:
                kept.append(replace(statement, citations=held))
            elif not statement.citations:
                problems.append(f"{where}: it cites nothing")
        sections[name] = tuple(kept)
    return Checked(
        insights=replace(insights, sections=sections),
        holding=holding,
        problems=tuple(problems),
    )


def why_not(citation: Citation, thread_id: str, find: FindMessage) -> str:
    """Return why a citation does not hold; "" where it does."""
    if citation.thread_id != thread_id:
        return "it cites another thread"
    message = find(citation.message_id)
    if message is None:
        return "it cites a message that the thread does not have"
    return why_not_of(citation, message)


def why_not_of(citation: Citation, message: IndexedMessage) -> str:
    version = next(
        (each for each in message.versions if each.version == citation.version), None
    )
    if version is None:
        return "it cites a version that the message does not have"
    if version.commitment != citation.commitment:
        return "it cites another commitment than the version has"
    if version.is_erased:
        return "it cites what was erased"
    if not stands_in(citation.quote, version.text):
        return "its quote does not stand in the version that it cites"
    return ""


def keep(
    thread_id: str,
    claims: Mapping[str, tuple[Claim, ...]],
    given: Mapping[str, Given],
) -> HeldClaims:
    """Return of what a model claimed what holds, with the citations of this product.

    `given` are the lines that it was given, by their refs.
    """
    kept = HeldClaims()
    for name, made in claims.items():
        statements = []
        for claim in made:
            citations = tuple(
                citation_of(thread_id, given[ref], quote)
                for ref, quote in dict.fromkeys(claim.cited)
                if ref in given and stands_in(quote, given[ref].text)
            )
            wrong = len(dict.fromkeys(claim.cited)) - len(citations)
            kept.dropped += Dropped(statements=not citations, citations=wrong)
            if citations:
                statements.append(Statement(claim.text, citations[:MOST_CITATIONS]))
        kept.sections[name] = tuple(dict.fromkeys(statements))
    return kept


def citation_of(thread_id: str, line: Given, quote: str) -> Citation:
    return Citation(
        thread_id=thread_id,
        message_id=line.message_id,
        version=line.version,
        quote=flat(quote),
        commitment=line.commitment,
    )
