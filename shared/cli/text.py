"""Words and numbers as a terminal shows them."""

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
STEP = 1024


def count(number: int, what: str) -> str:
    return f"{number} {what}" if number else ""


def readable(count: int) -> str:
    size, unit = float(count), 0
    while size >= STEP and unit < len(UNITS) - 1:
        size, unit = size / STEP, unit + 1
    return f"{size:.1f} {UNITS[unit]}" if unit else f"{count} bytes"


def printable(text: str) -> str:
    """Return text that no terminal takes for anything but text."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode()
        for one in text
    )
