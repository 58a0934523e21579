"""Facts, schema 1: what stays of a line for ever, and what any verifier recomputes.

Rule 1: *given* facts are what the content does not hold; all others follow from the
        content by the pure function in this module, which never changes after 1.0.
Rule 2: a fact that has no value is left out: no "", no empty list, no null.
Rule 3: where the facts of a content cannot be had, the line is `unreadable`: its facts
        are its file, that kind and what is given. Every line of the quarantine is.
"""

from collections.abc import Callable, Mapping
from typing import Any

from shared.domain.evidence import canonical, content
from shared.domain.evidence.content_facts import Unreadable, derived
from shared.domain.evidence.moments import is_given_time
from shared.domain.evidence.shapes import is_digest, is_integer, is_number
from shared.domain.evidence.words import (
    ATTACHMENT_ORIGINS,
    ATTACHMENT_OUTCOMES,
    CHANGES,
    INPUT_KINDS,
    KINDS,
    LISTED,
    TYPES,
    UNREADABLE,
    VISIBILITIES,
)

SCHEMA = 1
GIVEN = (
    "file",
    "received_on",
    "origin",
    "outcome",
    "listing",
    "page",
    "items",
    "stored",
)
"""The facts that the content does not hold, in all files. `order` is added where a
line is written erased."""


NOT_READ = object()


def facts_of(
    given: Mapping[str, Any], text: bytes, value: Any = NOT_READ
) -> dict[str, Any]:
    """Return the facts of a content; of `given`, only what is given counts.

    `value` is what `content.parse` gives for the text, where it was read before.

    Raises:
        ValueError: the given facts are not of the form that the file needs.

    """
    facts = {name: given[name] for name in GIVEN if name in given}
    facts["schema"] = SCHEMA
    try:
        found = derived(facts, content.parse(text) if value is NOT_READ else value)
        canonical.check(found, canonical.LONGEST_STRING)
    except (Unreadable, ValueError):
        found = {"kind": UNREADABLE}
    check_given(facts)
    # What follows from a content is right by its making, but for what it holds.
    facts |= {name: value for name, value in found.items() if value not in ("", [])}
    return facts


def check_given(given: Mapping[str, Any]) -> None:
    """Check the given facts of a new line.

    Raises:
        ValueError: they are not of the form that the file needs.

    """
    for name, value in given.items():
        if not CHECKS[name](value):
            raise ValueError(f"a fact is of another form: {name}")
    if given.keys() & GIVEN_ONLY != needed(given) or not words_fit(given):
        raise ValueError("the given facts are not those that this file needs")


def check_facts(facts: Any, *, is_erased: bool) -> None:
    """Check the form of facts: names, types, words, and what each file needs.

    Raises:
        ValueError: the facts are not of this form.

    """
    if not isinstance(facts, dict):
        raise ValueError("facts are an object")  # noqa: TRY004 - all that is read raises it
    for name, value in facts.items():
        if name not in CHECKS or not CHECKS[name](value):
            raise ValueError(f"a fact is unknown or of another form: {name[:20]}")
    if not {"schema", "file", "kind"} <= facts.keys():
        raise ValueError("a fact is missing")
    if "order" in facts and not is_erased:
        raise ValueError("an order stands in the facts of a line that has content")
    if facts.keys() & GIVEN_ONLY != needed(facts):
        raise ValueError("the given facts are not those that this file needs")
    if not words_fit(facts):
        raise ValueError("a fact is not a word of this file")


GIVEN_ONLY = frozenset(GIVEN) - {"items"}
"""Given facts of which each must be there or must not; a page may have no items."""


def needed(facts: Mapping[str, Any]) -> set[str]:
    """Return the names of the given facts that a line of this shape has."""
    file = facts["file"]
    if file == "attachments":
        names = {"file", "received_on", "origin", "outcome"}
        return names | ({"stored"} if facts.get("outcome") == "stored" else set())
    if file != "listing":
        return {"file", "received_on"}
    if "outcome" in facts:
        return {"file", "received_on", "listing", "outcome"}
    if "page" in facts:
        return {"file", "received_on", "listing", "page", "origin"}
    return {"file", "origin"}


def words_fit(facts: Mapping[str, Any]) -> bool:
    """Return whether origin, outcome and items are those that the file has."""
    file = facts["file"]
    if "items" in facts and "page" not in facts:
        return False
    if file == "attachments":
        return facts["origin"] in ATTACHMENT_ORIGINS and (
            facts["outcome"] in ATTACHMENT_OUTCOMES
        )
    if file == "listing":
        return facts.get("origin", "messages") in LISTED and (
            facts.get("outcome", "full") in VISIBILITIES
        )
    return True


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def is_id(value: Any) -> bool:
    """Return whether a value is the id or the version of a message."""
    return isinstance(value, str) and bool(canonical.ID.fullmatch(value))


def is_time_fact(value: Any) -> bool:
    return is_given_time(value) and len(value) == len("0000-00-00T00:00:00.000000Z")


def is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(map(is_text, value))


def is_list_of_ranges(value: Any) -> bool:
    return is_list_of_texts(value) and all(map(is_range, value))


def is_range(value: str) -> bool:
    match = canonical.RANGE.fullmatch(value)
    return match is not None and int(match[1]) < int(match[2])


CHECKS: dict[str, Callable[[Any], bool]] = {
    "schema": lambda value: is_integer(value) and value == SCHEMA,
    "file": lambda value: (
        value in ("events", "listing", "quarantine", "attachments")
        or value in INPUT_KINDS
    ),
    "kind": lambda value: value in KINDS,
    "received_on": is_given_time,
    "origin": is_text,
    "outcome": is_text,
    "listing": is_number,
    "page": is_number,
    "items": is_list_of_ranges,
    "stored": is_digest,
    "order": is_number,
    "message": is_id,
    "version": is_id,
    "change": lambda value: value in CHANGES,
    "type": lambda value: value in TYPES,
    "time": is_time_fact,
    "sender": is_text,
    "actor": is_text,
    "people": lambda value: is_list_of_texts(value) and value == sorted(set(value)),
    "topic": lambda value: value is True,
    "number": is_number,
}
"""Every fact that there is, with what its value must be."""
