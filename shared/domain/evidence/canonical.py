r"""Canonical JSON: the one encoding of facts, orders, ledger lines and manifests.

Rule 1: a value has exactly one encoding, so what is read must be its own encoding,
        byte for byte: no second key, no extra blank.
Rule 2: keys sorted, no blanks, every character outside of 0x20 to 0x7E as `\uXXXX`,
        JSON's short escapes where it has them, `/` bare, no floats, no surrogates.
Rule 3: a number token of more than 16 digits is never converted.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

LONGEST_STRING = 256
"""Most characters of a string in facts, orders and ledger lines."""
MOST_DIGITS = 16
LARGEST_INTEGER = 2**53 - 1
DEEPEST = 64
"""Most levels of nesting that are read."""
ID = re.compile("[0-9]{1,16}")
"""The id or version of a message."""
DIGEST = re.compile("[0-9a-f]{64}")
RANDOM = re.compile("[0-9a-f]{32}")
"""16 random bytes, or a key."""
RANGE = re.compile("(0|[1-9][0-9]{0,14})-([1-9][0-9]{0,14})")
"""`first-end`: lines from `first`, counted from 0, up to the one before `end`."""
SURROGATE = re.compile("[\ud800-\udfff]")
BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
"""A string, which may lack its end, or a bracket outside of strings."""
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def refuse(token: str) -> Any:
    raise ValueError(f"a number of another form than an integer: {token[:20]}")


def integer(token: str) -> int:
    """Return the value of a number token.

    Raises:
        ValueError: it is too long to be one of ours.

    """
    return int(token) if len(token) <= MOST_DIGITS else int(refuse(token))


DECODER = json.JSONDecoder(parse_int=integer, parse_float=refuse, parse_constant=refuse)


def encode(value: Any, *, longest: int = LONGEST_STRING) -> bytes:
    """Return the canonical encoding of a value.

    Raises:
        ValueError: the value holds what facts may not hold.

    """
    check(value, longest)
    return encode_checked(value)


def encode_checked(value: Any) -> bytes:
    """Return the canonical encoding of a value that was checked before."""
    return ENCODER.encode(value).replace("\x7f", "\\u007f").encode("ascii")


def decode(data: bytes, *, longest: int = LONGEST_STRING) -> Any:
    """Return the value of a canonical encoding.

    Raises:
        ValueError: the data is not the canonical encoding of a value.

    """
    if nests_deeper(data):
        raise ValueError("nested too deeply")
    value = DECODER.decode(data.decode("ascii"))
    if encode(value, longest=longest) != data:
        raise ValueError("not the canonical encoding of its value")
    return value


def check(value: Any, longest: int) -> None:
    """Raise ValueError for a value that canonical JSON does not have."""
    kind = type(value)
    if kind is dict:
        check_each(value, longest)
        check_each(value.values(), longest)
    elif kind is list or kind is tuple:
        check_each(value, longest)
    elif kind is int:
        if abs(value) > LARGEST_INTEGER:
            raise ValueError("an integer is too large")
    elif isinstance(value, str):
        if len(value) > longest or SURROGATE.search(value):
            raise ValueError("a string is too long or holds a surrogate")
    elif kind is not bool:
        raise ValueError(f"canonical JSON has no {kind.__name__}")


def check_each(values: Iterable[Any], longest: int) -> None:
    for value in values:
        # Most values are short ASCII strings, and each call costs more than this.
        if type(value) is str and len(value) <= longest and value.isascii():
            continue
        check(value, longest)


def nests_deeper(text: bytes) -> bool:
    """Return whether brackets outside of strings are nested deeper than is read."""
    # Most texts have too few brackets for that, and counting them is fast.
    if text.count(b"{") + text.count(b"[") <= DEEPEST:
        return False
    level = 0
    for token in BRACKETS.finditer(text):
        first = text[token.start()]
        if first in b"[{":
            level += 1
        elif first in b"]}":
            level -= 1
        if level > DEEPEST:
            return True
    return False
