"""From when, and until when: a day, a time, or the id of a message."""

import re
from datetime import datetime, timedelta

from shared.domain.errors import ArchiverError
from shared.domain.times import parse_time

DAY = re.compile(r"\d{4}-\d\d-\d\d")
SHORTEST_ID, LONGEST_ID = 10, 30
"""Digits with which a number is taken for a message's id, and not for a year."""


class NoTime(ArchiverError):
    """Something is neither a time nor the id of a message."""


def limit(text: str) -> datetime | int | None:
    """Read a limit: a time, or a message's id.

    Raises:
        NoTime: it is neither.

    """
    if not text:
        return None
    is_number = text.isascii() and text.isdecimal()
    if is_number and SHORTEST_ID <= len(text) <= LONGEST_ID:
        return int(text)
    moment = parse_time(text)
    if moment is None:
        raise NoTime(f"{text!r} is no time (2026-11-22, 2026-11-22T12:00Z) and no id")
    return moment


def beginning(text: str) -> datetime | int | None:
    """Read a limit after which something has to be: of a day, its first moment counts.

    Raises:
        NoTime: it is neither a time nor an id.

    """
    found = limit(text)
    if isinstance(found, datetime) and DAY.fullmatch(text):
        return found - timedelta(microseconds=1)
    return found
