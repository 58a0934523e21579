"""Counted nouns, and text on one line, for messages that people read."""

import re


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: "1 record", "2 records", "0 records".

    `noun` is the singular of a noun whose plural adds an s.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


JOINERS = "\u200c\u200d"
"""Marks that join letters, and the parts of an emoji: they show and move nothing."""


def shown(text: str) -> str:
    """Return what somebody wrote, on one line, as `printable` does, joiners as such."""
    return "".join(
        piece if piece in JOINERS else printable(piece)
        for piece in re.split(f"([{JOINERS}])", text)
    )


def printable(text: str) -> str:
    """Return text on one line that no terminal takes for anything but text."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
