"""When a message was said, to the millisecond, as an import into Teams needs it.

Rule 1: a listing tells whole seconds, and the id of a message is its time in epoch
        milliseconds: where both agree to the second, the id tells the rest.
Rule 2: a time that no chat can have (0001-01-01 stands for none, and so does a year
        9999) is none. Then the id alone tells, where it is such a number.
Rule 3: times are unique: messages are sorted by time and id, and one whose millisecond
        is taken gets the next that is not.
"""

import re
from collections.abc import Iterable, Iterator

from shared.domain.thread.message import Message
from shared.domain.times import format_time, from_milliseconds, parse_time

AN_ID = re.compile(r"[0-9]{13}")
FIRST, LAST = 10**12, 10**13 - 1
"""The epoch milliseconds of 13 digits, from 2001 to 2286."""
SECOND = 1000


def milliseconds(time: str) -> int | None:
    """Return the epoch milliseconds of a time; None for one that no chat can have."""
    moment = parse_time(time)
    if moment is None:
        return None
    found = int(moment.timestamp()) * SECOND + moment.microsecond // 1000
    return found if FIRST <= found <= LAST else None


def said_on(message: Message) -> int | None:
    """Return when a message was said, in epoch milliseconds; None if nothing tells."""
    told = milliseconds(message.created_on)
    number = int(message.id) if AN_ID.fullmatch(message.id) else None
    if number and (told is None or abs(told - number) < SECOND):
        return number
    return told


def apart(times: Iterable[int]) -> Iterator[int]:
    """Yield each of some ascending times, or the next millisecond that is not taken."""
    last = 0
    for time in times:
        last = max(time, last + 1)
        yield last


def written(time: int) -> str:
    """Return epoch milliseconds as RFC 3339, with three digits."""
    moment = from_milliseconds(time)
    if moment is None:
        raise ValueError(f"{time} is in no calendar")
    whole = format_time(moment.replace(microsecond=0)).removesuffix("Z")
    return f"{whole}.{time % SECOND:03}Z"
