"""The part of a text where something was found, with what was found marked."""

from collections.abc import Callable, Iterator

from shared.domain.search.fold import placed_words
from shared.domain.search.query import Query, places, terms_to_mark

WIDTH = 90
"""Characters that are shown of a text."""
BEFORE = 25
"""Characters that are shown before the first hit."""
ELLIPSIS = "…"


def hits(text: str, query: Query) -> list[tuple[int, int]]:
    """Return where a text has what a query asks for, as ranges that do not overlap."""
    found = list(placed_words(text))
    words = [word for word, _, _ in found]
    ranges = sorted(
        (found[first][1], found[first + len(term.words) - 1][2])
        for term in terms_to_mark(query)
        for first in places(term, words)
    )
    return list(joined(ranges))


def joined(ranges: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield sorted ranges, as one where they overlap."""
    if not ranges:
        return
    start, end = ranges[0]
    for next_start, next_end in ranges[1:]:
        if next_start > end:
            yield start, end
            start, end = next_start, next_end
        end = max(end, next_end)
    yield start, end


def snippet(
    text: str,
    query: Query,
    mark: Callable[[str], str],
    width: int = WIDTH,
    show: Callable[[str], str] = str,
) -> str:
    """Return the part of a text, on one line, around the first hit.

    `mark` returns how a hit is shown, `show` how any piece of the text is.
    """
    flat = " ".join(text.split())
    found = hits(flat, query)
    start = max(0, found[0][0] - BEFORE) if found and len(flat) > width else 0
    start = max(0, min(start, len(flat) - width))
    end = min(len(flat), start + width)
    shown, at = ELLIPSIS if start else "", start
    for first, last in found:
        if first < at or first >= end:
            continue
        last = min(last, end)  # noqa: PLW2901 - a hit that the end cuts
        shown += show(flat[at:first]) + mark(show(flat[first:last]))
        at = last
    return shown + show(flat[at:end]) + (ELLIPSIS if end < len(flat) else "")


def found_of(text: str, query: Query) -> int:
    """Return how many of a query's terms a text has."""
    words = [word for word, _, _ in placed_words(text)]
    return sum(any(True for _ in places(term, words)) for term in terms_to_mark(query))
