"""Schedules as the Functions host reads them: five or six fields, seconds first."""

import re
from collections.abc import Sequence
from datetime import datetime

MONTHS = (
    *("JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY"),
    *("AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"),
)
WEEKDAYS = (
    *("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"),
)
FIELDS = (
    (range(60), ()),
    (range(60), ()),
    (range(24), ()),
    (range(1, 32), ()),
    (range(1, 13), MONTHS),
    (range(7), WEEKDAYS),
)
"""Seconds (which may be left out), minutes, hours, days, months and weekdays: their
numbers, and their names from the first number on."""
VALUE = r"[0-9]{1,2}|[A-Z]{3,9}"
ITEM = re.compile(rf"(?:\*|({VALUE})(?:-({VALUE}))?)(?:/(0*[1-9][0-9]?))?")
"""One item of a field; a field may be a list of them, with commas."""


def is_schedule(text: str) -> bool:
    """Return whether a text is a schedule that the host understands."""
    if not text.isascii():  # a long s in capitals is an S
        return False
    fields = text.upper().split()
    if len(fields) not in (len(FIELDS) - 1, len(FIELDS)):
        return False
    return all(
        is_item(item, numbers, names)
        for field, (numbers, names) in zip(
            reversed(fields), reversed(FIELDS), strict=False
        )
        for item in field.split(",")
    )


def is_item(item: str, numbers: range, names: Sequence[str]) -> bool:
    match = ITEM.fullmatch(item)
    return match is not None and all(
        int(value) in numbers if value.isdecimal() else is_name(value, names)
        for value in match.groups()[:2]
        if value
    )


def is_name(value: str, names: Sequence[str]) -> bool:
    return any(value in (name, name[:3]) for name in names)


def next_due(schedule: str, after: datetime) -> datetime | None:
    """Return when a schedule is due next; None where it never is."""
    # Only a sweep asks, once: an instance that ingests events never imports it.
    from croniter import CroniterError, croniter

    fields = re.sub("[A-Za-z]+", lambda name: name[0][:3], schedule).split()
    text = " ".join(fields if len(fields) == len(FIELDS) else ["0", *fields])
    try:
        # The host takes a day and a weekday together: both have to be right.
        due: datetime = croniter(
            text, after, second_at_beginning=True, day_or=False
        ).get_next(datetime)
    except CroniterError:
        return None
    return due
