"""A JSON document with one long list, in parts, byte for byte as `pretty` writes it."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from shared.domain import json_line

ITEMS_PER_PART = 200


def with_list(
    head: dict[str, Any], name: str, items: Iterable[Any], tail: dict[str, Any]
) -> Iterator[bytes]:
    """Yield what precedes the list, the list called `name`, and what follows it."""
    yield json_line.encode(json_line.pretty(head).removesuffix("\n}\n"))
    yield f',\n  "{name}": ['.encode()
    mark, left = "\n", iter(items)
    while batch := [indented(item) for item in islice(left, ITEMS_PER_PART)]:
        yield json_line.encode(mark + ",\n".join(batch))
        mark = ",\n"
    end = "]" if mark == "\n" else "\n  ]"
    rest = json_line.pretty(tail).removeprefix("{") if tail else "\n}\n"
    yield json_line.encode(f"{end}{',' if tail else ''}{rest}")


def indented(value: Any) -> str:
    """Return a value as it is written two levels deep."""
    text = json_line.pretty(value).removesuffix("\n")
    return "    " + text.replace("\n", "\n    ")
