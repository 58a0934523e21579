"""Terms with the messages that have them, in files: sorted, so a prefix is a range.

A file registers three strings: its terms, each without what it shares with the one
before it; in how many messages each is; and their postings. Two literals are one byte a
character however the terms are written. Nothing says how long the messages of a term
are: their number does, and what ends a number. So a rare term, as most are, costs its
letters, one for their count, and three for each message.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.formats.site_search.numbers import (
    DIGITS,
    bitmap_text,
    gaps,
    numbers_text,
    tail_length,
)

SHARD_CHARACTERS = 90_000
LONG_CHARACTERS = 30_000
"""Postings from which on a term has files of its own."""
PART_CHARACTERS = 400_000
"""What one of these holds."""
HOT = 300
"""Messages from which on the places of a term in them are kept: a phrase of frequent
words needs no text then."""
BITMAP_SHARE = 6
"""A term in more than one of so many messages has a bit for each message instead."""


@dataclass(slots=True)
class Postings:
    """The messages that have a term, and, if it is hot, its places in them."""

    count: int
    messages: str
    places: str = ""


def postings_of(
    occurrences: Sequence[int], total: int, *, is_word: bool = True
) -> Postings:
    """Return the postings of a term, given as message and place by turns."""
    found: list[int] = []
    places: list[list[int]] = []
    for message, place in zip(occurrences[::2], occurrences[1::2], strict=True):
        if found and found[-1] == message:
            places[-1].append(place)
        else:
            found.append(message)
            places.append([place])
    text = sorted_text(found, total)
    if len(found) < HOT or not is_word:
        return Postings(len(found), text)
    return Postings(len(found), text, numbers_text(place_numbers(places)))


def sorted_text(numbers: Sequence[int], total: int) -> str:
    """Return ascending numbers below a total as text, whichever way is short."""
    if len(numbers) > total // BITMAP_SHARE:
        return bitmap_text(numbers, total)
    return numbers_text(gaps(numbers), tail_length(len(numbers), total))


def place_numbers(places: Sequence[Sequence[int]]) -> Iterator[int]:
    """Yield the places in each message as gaps; an odd number says that more follow."""
    for in_message in places:
        before = 0
        for more, place in enumerate(in_message, start=1 - len(in_message)):
            yield (place - before) * 2 + (more < 0)
            before = place


class Shards:
    """Cuts sorted terms into files."""

    def __init__(self) -> None:
        self.first_terms: list[str] = []
        self.long_files = 0
        self.begin()

    def begin(self) -> None:
        self.terms: list[str] = []
        self.numbers: list[str] = []
        self.postings: list[str] = []
        self.size = 0
        self.before = ""

    def add(self, term: str, found: Postings) -> Iterator[tuple[str, bytes]]:
        """Add a term, the terms in their order; yield the files that are full."""
        if self.size > SHARD_CHARACTERS:
            yield self.shard()
        text = found.messages + found.places
        is_long = found.count >= HOT and len(text) > LONG_CHARACTERS
        if is_long:
            first = self.long_files
            yield from self.long(text)
            lengths = [0, first, self.long_files - first, len(found.messages)]
        else:
            lengths = [len(found.places) + 1] if found.count >= HOT else []
            self.postings.append(text)
            self.size += len(text)
        if not self.terms:
            self.first_terms.append(term)
        shared = shared_length(self.before, term)
        self.terms.append(DIGITS[shared] + from_unit(term, shared))
        self.before = term
        self.numbers.append(numbers_text([found.count, *lengths]))
        self.size += len(term) - shared + 2

    def finish(self) -> Iterator[tuple[str, bytes]]:
        if self.terms:
            yield self.shard()

    def shard(self) -> tuple[str, bytes]:
        parts = (
            len(self.first_terms) - 1,
            " ".join(self.terms),
            "".join(self.numbers),
            "".join(self.postings),
        )
        name = f"t{parts[0]}.js"
        self.begin()
        return name, registered("term", *parts)

    def long(self, text: str) -> Iterator[tuple[str, bytes]]:
        for start in range(0, len(text), PART_CHARACTERS):
            part = text[start : start + PART_CHARACTERS]
            number = self.long_files
            self.long_files += 1
            script = registered("long", number, part)
            yield f"l{number}.js", script


def shared_length(before: str, term: str) -> int:
    """Return how much two terms begin with alike, counted as JavaScript counts."""
    length = 0
    for mine, other in zip(before, term, strict=False):
        units = 1 + (mine > "\uffff")
        if mine != other or length + units >= len(DIGITS):
            break
        length += units
    return length


def from_unit(term: str, units: int) -> str:
    """Return the rest of a term after so many units."""
    at = 0
    while units > 0:
        units -= 1 + (term[at] > "\uffff")
        at += 1
    return term[at:]


def registered(kind: str, *values: object) -> bytes:
    """Return a script that registers some values; lone surrogates are replaced."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))[1:-1]
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f'ChatSearch.add("{kind}",{text})\n'.encode("utf-8", "replace")
