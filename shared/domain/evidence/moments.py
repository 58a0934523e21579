"""Times in evidence: read by one pattern, so that every verifier reads the same ones.

A given time (`received_on`, `when`) is written as RFC 3339 with `Z` and at most six
fraction digits. A time from content may have an offset, or none, which means UTC, and
up to nine digits, of which six count.
"""

import re
from datetime import UTC, datetime, timedelta

PATTERN = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))?"
)
GIVEN = re.compile(r"[0-9T:-]{19}(?:\.[0-9]{1,6})?Z")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def moment_of(text: str) -> datetime | None:
    """Return the time that a text tells, in UTC; None where it tells none."""
    match = PATTERN.fullmatch(text)
    if match is None:
        return None
    fraction, sign, hours, minutes = match.groups()[6:]
    microseconds = int((fraction or "").ljust(6, "0")[:6])
    try:
        numbers = [int(digits) for digits in match.groups()[:6]]
        moment = datetime(*numbers, microseconds, tzinfo=UTC)  # type: ignore[misc,arg-type]
        if sign:
            # A time of day, because an offset of 99:99 is none.
            offset = datetime(1970, 1, 1, int(hours), int(minutes), tzinfo=UTC) - EPOCH
            moment += -offset if sign == "+" else offset
    except (ValueError, OverflowError):
        return None
    return moment


def time_fact(value: object) -> str:
    """Return a time of the content as a fact, with six fraction digits; "" for none."""
    moment = moment_of(value) if isinstance(value, str) else None
    if moment is None:
        return ""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def is_given_time(value: object) -> bool:
    """Return whether a value is a time as writers give it."""
    if not isinstance(value, str) or not GIVEN.fullmatch(value):
        return False
    return moment_of(value) is not None


def microseconds(text: str) -> int:
    """Return the microseconds since 1970 of a time that was checked before."""
    moment = moment_of(text)
    if moment is None:
        raise ValueError("not a time")
    return (moment - EPOCH) // MICROSECOND
