"""Counted nouns, and text on one line, for messages that people read."""


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: "1 record", "2 records", "0 records".

    `noun` is the singular of a noun whose plural adds an s.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def printable(text: str) -> str:
    """Return text on one line that no terminal takes for anything but text."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
