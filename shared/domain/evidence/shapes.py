"""Shapes: which members an object has, exactly, and what each must be."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from shared.domain.evidence import canonical
from shared.domain.evidence.moments import is_given_time

Shape = Mapping[str, Callable[[Any], bool]]

FILE_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def has_shape(value: Any, shape: Shape) -> bool:
    """Return whether a value is an object with these members and no other."""
    if not isinstance(value, dict) or value.keys() != shape.keys():
        return False
    return all(check(value[name]) for name, check in shape.items())


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_count(value: Any) -> bool:
    """Return whether a value is an integer from 0."""
    return is_integer(value) and value >= 0


def is_number(value: Any) -> bool:
    """Return whether a value numbers something, from 1."""
    return is_integer(value) and value >= 1


def is_string(value: Any) -> bool:
    return isinstance(value, str)


def is_line(value: Any) -> bool:
    """Return whether a value is text that is not empty."""
    return isinstance(value, str) and value != ""


def is_digest(value: Any) -> bool:
    return isinstance(value, str) and canonical.DIGEST.fullmatch(value) is not None


def is_digest_or_none(value: Any) -> bool:
    """Return whether a value is a digest, or "" where there is none."""
    return value == "" or is_digest(value)


def is_random(value: Any) -> bool:
    """Return whether a value is 16 bytes in hex: random ones, a key, a salt."""
    return isinstance(value, str) and canonical.RANDOM.fullmatch(value) is not None


def is_key_or_none(value: Any) -> bool:
    """Return whether a value is a thread's key, or "" for no thread."""
    return value == "" or is_random(value)


def is_file_name(value: Any) -> bool:
    return isinstance(value, str) and FILE_NAME.fullmatch(value) is not None


def is_day(value: Any) -> bool:
    return (
        isinstance(value, str)
        and DAY.fullmatch(value) is not None
        and is_given_time(f"{value}T00:00:00Z")
    )


def is_texts(value: Any) -> bool:
    """Return whether a value is a list of texts, none of them empty."""
    return isinstance(value, list) and all(map(is_line, value))


def is_sorted_texts(value: Any) -> bool:
    """Return whether a value is a list of texts, sorted, each once."""
    return is_texts(value) and value == sorted(set(value))


def one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def exactly(number: int) -> Callable[[Any], bool]:
    return lambda value: is_integer(value) and value == number
