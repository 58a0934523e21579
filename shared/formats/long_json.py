"""A JSON document with one long list in it, in parts, as `pretty` would write it."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from shared.domain import json_line

ITEMS_A_PART = 200


def with_list(
    head: dict[str, Any], name: str, items: Iterable[Any], tail: dict[str, Any]
) -> Iterator[bytes]:
    """Yield what stands before the list, the list, and what stands after it."""
    yield json_line.encode(json_line.pretty(head).removesuffix("\n}\n"))
    yield f',\n  "{name}": ['.encode()
    mark, left = "\n", iter(items)
    while some := [indented(one) for one in islice(left, ITEMS_A_PART)]:
        yield json_line.encode(mark + ",\n".join(some))
        mark = ",\n"
    end = "]" if mark == "\n" else "\n  ]"
    rest = json_line.pretty(tail).removeprefix("{") if tail else "\n}\n"
    yield json_line.encode(f"{end}{',' if tail else ''}{rest}")


def indented(value: Any) -> str:
    """Write a value as it stands two levels deep."""
    text = json_line.pretty(value).removesuffix("\n")
    return "    " + text.replace("\n", "\n    ")
