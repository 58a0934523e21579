"""Time stamps of an authority (RFC 3161): that some bytes were there at a time."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.errors import ArchiverError


class NoTimestamp(ArchiverError):
    """There is no time stamp to be had, or it cannot be checked. The text says why."""


class BadTimestamp(ArchiverError):
    """A time stamp is not of these bytes, or not by a trusted authority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTimestamp:
    """A time stamp that holds: when it was given, and by whom."""

    on: datetime
    by: str
