"""JSON as this product stores it: one value per line, UTF-8, never split by a reader.

Rule 1: text from outside is stored as it was received. Only what would break a line is
        changed, and only into its exact JSON equivalent.
Rule 2: what is hashed is `canonical`, which any language can rebuild from the value.
Rule 3: a lone surrogate, which UTF-8 cannot hold, is written as its JSON escape.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

MOST_LEVELS = 64
"""Levels of nesting that are accepted; the service sends fewer than ten."""
BREAKS = {"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"}
"""Characters that JSON allows in a string, but that many line readers split on."""


def reject_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


FRACTION = re.compile(rb'(?:": |\n *|\A)-?\d+[.eE]')
"""A number with a fraction or an exponent, or what might be one inside a string."""
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
DECODER = json.JSONDecoder(parse_constant=reject_constant, parse_float=finite)


def parse(text: str | bytes) -> Any:
    """Read one JSON value exactly.

    Raises:
        ValueError: not JSON, not UTF-8, nested too deeply, or with an infinite number.

    """
    try:
        return DECODER.decode(text if isinstance(text, str) else text.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None


def skim(text: str) -> Any:
    """Read one JSON value fast; integers beyond 64 bits may come out rounded.

    What orjson refuses is parsed by the standard library: it may be a lone surrogate,
    which can arrive as an escape.

    Raises:
        ValueError: as for `parse`.

    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return parse(text)


def nests_too_deeply(text: str | bytes, value: Any) -> bool:
    """Return whether a value has more levels than every writer and reader supports."""
    # Most texts have too few brackets for that, and counting them is fast.
    opening = ("{", "[") if isinstance(text, str) else (b"{", b"[")
    if sum(map(text.count, opening)) <= MOST_LEVELS:  # type: ignore[arg-type]
        return False
    level, todo = 0, [value]
    while todo and level <= MOST_LEVELS:
        level += 1
        containers = [item for item in todo if isinstance(item, dict | list)]
        todo = [
            inner
            for container in containers
            for inner in (
                container.values() if isinstance(container, dict) else container
            )
        ]
    return bool(todo)


def split_list(text: str, count: int, decoder: json.JSONDecoder = DECODER) -> list[str]:
    """Cut the text of a JSON list, as `decoder` reads it, into those of its items."""
    items = []
    position = text.index("[") + 1
    for _ in range(count):
        while text[position] in " \t\r\n,":
            position += 1
        start = position
        _, position = decoder.raw_decode(text, start)
        items.append(text[start:position])
    return items


def dicts_in(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the objects in a list; none of what is no list."""
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield item


def one_line(text: str) -> str:
    """Return the same JSON text on one line."""
    if "\n" in text or "\r" in text:  # valid JSON has them between tokens only
        text = text.replace("\r", " ").replace("\n", " ")
    return escape_breaks(text)


def escape_breaks(text: str) -> str:
    for character, escape in BREAKS.items():
        if character in text:
            text = text.replace(character, escape)
    return text


def compact(value: Any) -> str:
    """Write `value` on one line, non-ASCII characters as they are."""
    return one_line(COMPACT.encode(value))


def pretty(value: Any) -> str:
    """Write `value` for people: two spaces a level, a newline at the end."""
    return escape_breaks(indented(value)) + "\n"


def indented(value: Any) -> str:
    """Return what `json.dumps` returns, ten times as fast where orjson agrees with it.

    orjson refuses a lone surrogate and an integer beyond 64 bits, and formats floats
    differently.
    """
    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:
        text = b""
    if not text or FRACTION.search(text):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return text.decode()


def encode(text: str) -> bytes:
    """Return JSON text as UTF-8, a lone surrogate as its JSON escape."""
    return text.encode("utf-8", "backslashreplace")


def canonical(value: Any) -> bytes:
    """Return the bytes that are hashed: sorted keys, no white space, ASCII escapes."""
    return CANONICAL.encode(value).encode("ascii")
