"""Schedules as the Functions host reads them: five or six fields, seconds first."""

import re
from datetime import datetime

FIELDS = (5, 6)
FIELD = re.compile(
    r"(?:\*|[0-9]{1,2}|[A-Z]{3})(?:-(?:[0-9]{1,2}|[A-Z]{3}))?(?:/[0-9]{1,2})?"
)
"""One item of a field; a field may be a list of them, with commas."""


def is_schedule(text: str) -> bool:
    """Return whether a text has the form of a schedule."""
    fields = text.split()
    return len(fields) in FIELDS and all(
        FIELD.fullmatch(item) for field in fields for item in field.upper().split(",")
    )


def next_due(schedule: str, after: datetime) -> datetime | None:
    """Return when a schedule is due next; None where it never is."""
    # Only a sweep asks, once: an instance that ingests events never imports it.
    from croniter import CroniterError, croniter

    fields = schedule.split()
    text = schedule if len(fields) == max(FIELDS) else f"0 {schedule}"
    try:
        due: datetime = croniter(text, after, second_at_beginning=True).get_next(
            datetime
        )
    except CroniterError:
        return None
    return due
