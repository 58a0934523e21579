"""Text as it is compared: folded, and cut into the words that an index holds.

Rule 1: what looks alike is the same: case, accents of Latin, Arabic and Hebrew
        letters, full-width forms and ligatures do not matter. Marks of other scripts
        are letters.
Rule 2: a word is a run of letters, digits and marks. Scripts that write without blanks
        (Chinese, Japanese, Korean, Thai, …) give each pair of neighbours, and the last
        letter of the run: so every part of a run can be found.
Rule 3: one folding for every index: otherwise people would get two answers.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator

MARKS = dict.fromkeys(
    (
        *range(0x0300, 0x0370),  # Latin, Greek, Cyrillic
        *range(0x0591, 0x05BE), 0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7,
        *range(0x0610, 0x061B), 0x0640, *range(0x064B, 0x0660), 0x0670,  # Arabic
        *range(0x06D6, 0x06DD), *range(0x06DF, 0x06E5), 0x06E7, 0x06E8,
        *range(0x06EA, 0x06EE),
        0x00AD, *range(0x200B, 0x2010), 0x2060, 0xFEFF,  # shown as nothing
    )
)  # fmt: skip
LETTERS = {
    "ß": "ss",
    "ς": "σ",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ı": "i",
}
SIMPLER = str.maketrans(MARKS | LETTERS)
UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3005\u3007\u3021-\u3029\u3041-\u3096\u3099\u309a\u309d\u309e\u30a1-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # kana, Han
    "\uac00-\ud7a3"  # Hangul
    "\U00020000-\U0003ffff"
)
"""Letters of scripts that put no blanks between words, or none where people look."""
ANY_SIMPLER = re.compile(f"[{''.join(map(chr, SIMPLER))}]")
"""Few texts have any, and searching is many times as fast as translating."""
ANY_UNSPACED = re.compile(f"[{UNSPACED}]")
PLAIN = re.compile("[a-z0-9]+")
LAST_MARK = 0x20000
"""Above it no mark joins letters."""


def folded(text: str) -> str:
    """Return text as it is compared."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text).lower()
    if ANY_SIMPLER.search(plain):
        plain = plain.translate(SIMPLER)
    return unicodedata.normalize("NFC", plain)


def words(text: str) -> list[str]:
    """Return the words of a text, as an index holds them, in their order."""
    plain = folded(text)
    if plain.isascii():
        return PLAIN.findall(plain)
    if not ANY_UNSPACED.search(plain):
        return spaced_words().findall(plain)
    found: list[str] = []
    for run in runs().finditer(plain):
        found.extend(pairs(run[0]) if run.lastgroup else (run[0],))
    return found


def pairs(run: str) -> list[str]:
    """Return the pairs of neighbours in a run of unspaced letters, and its last one."""
    return [run[at : at + 2] for at in range(len(run))]


def placed_words(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each word of a text with its place in the text as it was written.

    Where folding changes the length of a run of unspaced letters, its place is that of
    the whole run.
    """
    for run in runs().finditer(text):
        start, end = run.span()
        found = words(run[0])
        is_by_letter = run.lastgroup and len(found) == end - start
        for offset, word in enumerate(found):
            if is_by_letter:
                yield word, start + offset, start + offset + len(word)
            else:
                yield word, start, end


@functools.cache
def letter() -> str:
    """Return what is in a class of the letters of spaced words, `_` besides."""
    marks = spans(
        code
        for code in range(LAST_MARK)
        # A text as it was written has those that folding takes out within words.
        if unicodedata.category(chr(code)).startswith("M") or code in MARKS
    )
    return r"\w" + "".join(f"{chr(first)}-{chr(last)}" for first, last in marks)


@functools.cache
def spaced_words() -> re.Pattern[str]:
    """Return the pattern of a word. An underscore joins what are words to people."""
    return re.compile(f"(?:(?!_)[{letter()}])+")


@functools.cache
def runs() -> re.Pattern[str]:
    """Return the pattern of a word, or of a run of unspaced letters (group `run`)."""
    return re.compile(f"(?P<run>[{UNSPACED}]+)|(?:(?![{UNSPACED}_])[{letter()}])+")


def spans(codes: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each series of numbers that follow on each other."""
    first = last = next(codes)
    for code in codes:
        if code != last + 1:
            yield first, last
            first = code
        last = code
    yield first, last
