"""Words and numbers as a terminal shows them."""

import re

from shared.domain.words import plural, printable

__all__ = ["plural", "printable", "readable", "sentence", "some"]

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
STEP = 1024


def some(count: int, noun: str, which: str) -> str:
    """Return how many there are, and which; "" for none."""
    return f"{plural(count, noun)} {which}" if count else ""


def readable(count: int) -> str:
    size, unit = float(count), 0
    while size >= STEP and unit < len(UNITS) - 1:
        size, unit = size / STEP, unit + 1
    return f"{size:.1f} {UNITS[unit]}" if unit else f"{count} bytes"


def sentence(text: str) -> str:
    """Return an error as a sentence; what may begin with a path or an id stays so."""
    if re.match("(?:the|an|no|it|this|there) ", text):
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) or "\n" in text else f"{text}."
