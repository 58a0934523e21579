"""Whether a quote stands in a text: what a claim about a message rests on.

Rule 1: a quote is compared letter by letter; only runs of blanks are alike, since a
        model breaks lines as it likes.
Rule 2: it says something: three letters or digits, or all that the text says.
Rule 3: it is cut where words end: "unpaid" does not vouch for "paid", nor a letter
        without the marks that belong to it. Scripts without blanks have no such place.
"""

import re
import unicodedata

from shared.domain.search.fold import UNSPACED

SHORTEST = 3
"""Letters and digits of a quote that is not the whole text."""
LONGEST_QUOTE = 2_000
ANY_UNSPACED = re.compile(f"[{UNSPACED}]")


def stands_in(quote: str, text: str) -> bool:
    """Return whether a quote stands in a text."""
    sought, read = flat(quote), flat(text)
    if not sought or len(sought) > LONGEST_QUOTE:
        return False
    if sought == read:
        return True
    if sum(map(str.isalnum, sought)) < SHORTEST:
        return False
    start = read.find(sought)
    while start >= 0:
        end = start + len(sought)
        if is_border(read, start) and is_border(read, end):
            return True
        start = read.find(sought, start + 1)
    return False


def flat(text: str) -> str:
    return " ".join(text.split())


def is_border(text: str, place: int) -> bool:
    """Return whether no word goes on across a place in a text."""
    if place in (0, len(text)):
        return True
    before, after = text[place - 1], text[place]
    if joins(after):
        return False
    if ANY_UNSPACED.match(before) or ANY_UNSPACED.match(after):
        return True
    return not ((before.isalnum() or joins(before)) and after.isalnum())


def joins(letter: str) -> bool:
    """Return whether it belongs to what stands before it: a mark, a joiner."""
    category = unicodedata.category(letter)
    return category.startswith("M") or category in ("Cf", "Sk")
