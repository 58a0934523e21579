"""What an index says of itself, read back from a file that anybody may have changed."""

import json
from collections.abc import Mapping
from typing import Any

NUMBERS = ("blob", "start", "end", "in_blob", "lines")
TEXTS = ("line", "root", "closed_on")


def read_position(stored: str | None) -> Mapping[str, Any] | None:
    """Return how far the ledger was read; {} for nothing, None where it is damaged."""
    try:
        position = json.loads(stored or "{}")
    except ValueError:
        return None
    if position == {}:
        return {}
    if not isinstance(position, dict) or position.keys() != {*NUMBERS, *TEXTS, "edge"}:
        return None
    good = (
        all(type(position[name]) is int and position[name] >= 0 for name in NUMBERS)
        and all(isinstance(position[name], str) for name in TEXTS)
        and isinstance(position["edge"], list)
        and all(is_node(node) for node in position["edge"])
    )
    return position if good else None


def is_node(node: Any) -> bool:
    """Return whether something is a height and a hash, of the ledger's tree."""
    if not (isinstance(node, list) and len(node) == 2):  # noqa: PLR2004
        return False
    height, digest = node
    try:
        return type(height) is int and len(bytes.fromhex(digest)) == 32  # noqa: PLR2004
    except (TypeError, ValueError):
        return False
