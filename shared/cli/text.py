"""Words and numbers as a terminal shows them."""

import json
import os
import re

import click

from shared.domain.words import plural, printable, shown

__all__ = [
    "as_json", "coloured", "plural", "printable", "readable", "say", "sentence",
    "shown", "some",
]  # fmt: skip

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
STEP = 1024


COLOURS = {
    "VERIFIED": "green",
    "COMPLETE": "green",
    "FAILED": "red",
    "UNREADABLE": "red",
    "UNREACHABLE": "red",
    "INCOMPLETE": "yellow",
    "LOOK:": "yellow",
    "ERASED": "yellow",
    "DELETED": "yellow",
    "NOT": "red",
    "ok": "green",
    "warning": "yellow",
    "failure": "red",
}
"""Words that a line of a verdict begins with."""


def coloured(line: str) -> str:
    """Return a line with its first word in colour, where that is a verdict.

    A terminal shows it; `click.echo` takes the colour out on the way to anything else.
    Where NO_COLOR is set there is none (no-color.org).
    """
    word = line.split(" ", 1)[0]
    colour = COLOURS.get(word.rstrip(":"), COLOURS.get(word, ""))
    if not colour or os.environ.get("NO_COLOR"):
        return line
    return click.style(word, fg=colour, bold=True) + line.removeprefix(word)


def say(text: str, *, err: bool = False) -> None:
    """Print a line that begins with a word of ours, in colour where it is a verdict."""
    click.echo(coloured(printable(text)), err=err)


UNSAFE = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What JSON lets through, and a terminal may obey or UTF-8 cannot hold."""


def as_json(value: object, indent: int | None = None) -> str:
    """Return a value as JSON, for programs and for terminals; on one line by default.

    `indent` is the number of blanks a level, each value on a line of its own.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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
