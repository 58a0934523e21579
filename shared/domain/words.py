"""Counted nouns, for messages that people read."""


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: "1 record", "2 records", "0 records".

    `noun` is the singular of a noun whose plural adds an s.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
