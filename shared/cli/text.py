"""Words and numbers as a terminal shows them."""

from shared.domain.words import plural

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


def printable(text: str) -> str:
    """Return text that no terminal takes for anything but text."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
