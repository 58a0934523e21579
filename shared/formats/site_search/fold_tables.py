"""What the script needs to fold and cut text exactly as `domain.search.fold` does.

Browser and Python know different versions of Unicode: so the letters are those of the
Python that wrote the index, told to the script as ranges.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from shared.domain.search.fold import LETTERS, MARKS, UNSPACED, spaced_words, spans
from shared.domain.search.query import (
    LONGEST_NAME,
    MOST_BRACKETS,
    MOST_TOKENS,
    MOST_WORDS,
)

SURROGATES = range(0xD800, 0xE000)
LAST_LETTER = 0x40000
"""From there on no code is a letter, in any version of Unicode so far."""
END = 0x110000


@functools.cache
def fold_tables() -> Mapping[str, object]:
    """Return the tables: character classes as the inside of a JavaScript class."""
    is_letter, is_alone = spaced_words().fullmatch, re.compile(r"\w").fullmatch
    codes = [*range(min(SURROGATES)), *range(max(SURROGATES) + 1, LAST_LETTER)]
    assigned = {code for code in codes if unicodedata.category(chr(code)) != "Cn"}
    unspaced = {*unspaced_codes()}
    letters = [code for code in codes if is_letter(chr(code))]
    unknown = {*codes} - assigned - unspaced
    return {
        "letters": class_of(letters),
        # They stand within words only: a minus before one leaves nothing out.
        "joined": class_of(code for code in letters if not is_alone(chr(code))),
        # What is not assigned is no letter, and the browser may know it as one.
        "unknown": class_of(sorted(unknown)),
        "hidden": class_of(
            code
            for code in range(END)
            if code not in unknown and not chr(code).isprintable()
        ),
        "marks": class_of(sorted(MARKS)),
        "unspaced": class_of(sorted(unspaced)),
        "blanks": class_of(code for code in codes if chr(code).isspace()),
        "simpler": LETTERS,
        "limits": {
            "name": LONGEST_NAME,
            "words": MOST_WORDS,
            "tokens": MOST_TOKENS,
            "brackets": MOST_BRACKETS,
        },
    }


def unspaced_codes() -> Iterator[int]:
    at = 0
    while at < len(UNSPACED):
        first = last = ord(UNSPACED[at])
        if UNSPACED[at + 1 : at + 2] == "-":
            last = ord(UNSPACED[at + 2])
            at += 2
        yield from range(first, last + 1)
        at += 1


def class_of(codes: Iterable[int]) -> str:
    """Return codes as what stands in a class of a regular expression with flag u."""
    return "".join(
        written(first) if first == last else f"{written(first)}-{written(last)}"
        for first, last in spans(iter(codes))
    )


def written(code: int) -> str:
    return f"\\u{{{code:x}}}"
