"""Times: aware UTC in memory, RFC 3339 with a Z on disk.

The service writes seven fraction digits, and `Z`, `+00:00` or `-08:00`; all are read.
"""

from datetime import UTC, datetime
from typing import Any

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)


def parse_time(value: Any) -> datetime | None:
    """Read a time of the service; None if it is absent or unreadable.

    A time without an offset is read as UTC. Fractions beyond microseconds are cut off.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is UTC:
            return moment
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def format_time(moment: datetime) -> str:
    """Write a time as RFC 3339 in UTC, with as many fraction digits as it has."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_milliseconds(number: int) -> datetime | None:
    """Return the time of epoch milliseconds; None outside the calendar's range."""
    try:
        return datetime.fromtimestamp(number / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def normalise_time(value: Any) -> str | None:
    """Return a time of the service in our form; None if it is absent or unreadable."""
    moment = parse_time(value)
    return None if moment is None else format_time(moment)


def to_milliseconds(moment: datetime) -> str:
    """Write a time to the millisecond: such texts, all in UTC, can be compared."""
    utc = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return utc.replace("+00:00", "Z")


def as_moment(text: str, *, absent: datetime = EARLIEST) -> datetime:
    """Return what times are compared and sorted by; `absent` where there is none.

    Their texts must not be compared: `12:00:00Z` would come after `12:00:00.5Z`.
    """
    return parse_time(text) or absent
