"""Content: what was received, as one JSON value on one line, read without converting.

Rule 1: JSON stays the text that it was; LF and CR between its tokens become blanks.
Rule 2: what is not one JSON value becomes a JSON string of its text; what is not UTF-8
        becomes the string `data:;base64,` followed by its bytes in base64. A text that
        begins like this is written in base64 too, so that no two inputs look the same.
Rule 3: a number is read only where it may be an id: 1 to 16 digits and nothing else.
        Any other number is `NUMBER`, whatever its value.
"""

import base64
import json
from typing import Any

from shared.domain.evidence.canonical import MOST_DIGITS, nests_deeper

BASE64 = "data:;base64,"


class Number:
    """A number that cannot be an id; what it is worth does not matter here."""


NUMBER = Number()


def read_integer(token: str) -> Any:
    is_id = len(token) <= MOST_DIGITS and not token.startswith("-")
    return int(token) if is_id else NUMBER


def read_other(_: str) -> Any:
    return NUMBER


def refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(
    parse_int=read_integer, parse_float=read_other, parse_constant=refuse_constant
)


def parse(content: bytes) -> Any:
    """Return the value of a content; of two equal keys the last counts.

    Raises:
        ValueError: not JSON, not UTF-8, or nested deeper than is read.

    """
    if nests_deeper(content):
        raise ValueError("nested too deeply")
    return DECODER.decode(content.decode())


def content_of(received: bytes) -> bytes:
    """Return what was received as the content of a line: one JSON value, without LF."""
    return read_content(received)[0]


def read_content(received: bytes) -> tuple[bytes, Any]:
    """Return what was received as the content of a line, and the value of that."""
    try:
        value = parse(received)
    except ValueError:
        text = as_string(received)
        return text, DECODER.decode(text.decode())
    text = received.strip(b" \t\r\n").replace(b"\r", b" ").replace(b"\n", b" ")
    return text, value


def as_string(received: bytes) -> bytes:
    """Return a JSON string that holds what was received."""
    try:
        text = received.decode()
    except UnicodeDecodeError:
        text = ""
    if (received and not text) or text.startswith(BASE64):
        text = BASE64 + base64.b64encode(received).decode()
    return json.dumps(text).encode()


def received_text(content: bytes) -> bytes:
    """Return what a content that is a JSON string was made of.

    Raises:
        ValueError: the content is not such a string.

    """
    if not content.startswith(b'"'):
        raise ValueError("the content is not a string")
    text = str(DECODER.decode(content.decode()))
    if text.startswith(BASE64):
        return base64.b64decode(text.removeprefix(BASE64), validate=True)
    return text.encode()
