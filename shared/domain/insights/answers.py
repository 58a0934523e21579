"""What a model answered, read as strictly as it was asked for.

Rule 1: an answer that is not exactly of the form is no answer, and is asked for again:
        a member too many may be anything.
Rule 2: no form says how long a text may be: one that is too long cites nothing, and is
        dropped as such, which costs no other one.
Rule 3: nothing is kept here on trust: who reads an answer looks for each quote.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain import json_line
from shared.domain.errors import ArchiverError
from shared.domain.insights.insights import LONGEST_TEXT, MOST_STATEMENTS
from shared.domain.insights.terms import Terms


class BadAnswer(ArchiverError):
    """An answer has not the form it has to have. The reason holds no text of it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement as a model made it: what it says, and where that is said to stand."""

    text: str
    cited: tuple[tuple[str, str], ...]
    """The ref of a message, and a quote."""


def read_answer(text: str, terms: Terms) -> Mapping[str, tuple[Claim, ...]]:
    """Read an answer about messages.

    Raises:
        BadAnswer: it is not of the form.

    """
    value = exactly(parsed(text), terms.sections)
    return {
        name: tuple(
            claim_of(entry, terms.choices.get(name))
            for entry in a_list(value[name], MOST_STATEMENTS)
        )
        for name in terms.sections
    }


def claim_of(entry: Any, choices: tuple[str, ...] | None) -> Claim:
    entry = exactly(entry, ("text", "citations"))
    text = a_text(entry["text"])
    if choices is not None and text not in choices:
        raise BadAnswer("it has a label or a kind that was not to choose from")
    cited = (
        exactly(each, ("ref", "quote"))
        for each in a_list(entry["citations"], MOST_STATEMENTS)
    )
    found = tuple((string(each["ref"]), string(each["quote"])) for each in cited)
    return Claim(text[:LONGEST_TEXT], found if len(text) <= LONGEST_TEXT else ())


def read_together(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Read a summary of summaries: sentences, each with the refs that it rests on.

    Raises:
        BadAnswer: it is not of the form.

    """
    value = exactly(parsed(text), ("summary",))
    entries = (
        exactly(entry, ("text", "refs"))
        for entry in a_list(value["summary"], MOST_STATEMENTS)
    )
    return tuple(sentence_of(entry) for entry in entries)


def sentence_of(entry: Any) -> tuple[str, tuple[str, ...]]:
    text = a_text(entry["text"])
    refs = tuple(string(ref) for ref in a_list(entry["refs"], MOST_STATEMENTS))
    return text[:LONGEST_TEXT], refs if len(text) <= LONGEST_TEXT else ()


def parsed(text: str) -> Any:
    try:
        return json_line.parse(text)
    except ValueError:
        raise BadAnswer("it is not JSON") from None


def exactly(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != set(names):
        raise BadAnswer("it has not exactly the members that were asked for")
    return value


def a_list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise BadAnswer("a list is missing or too long")
    return value


def a_text(value: Any) -> str:
    text = " ".join(string(value).split())
    if not text:
        raise BadAnswer("a text is empty")
    return text


def string(value: Any) -> str:
    if not isinstance(value, str):
        raise BadAnswer("a text is missing")
    return value
