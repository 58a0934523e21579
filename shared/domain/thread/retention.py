"""Retention policies: when the service deletes a thread by itself."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared.domain.times import format_time, parse_time
from shared.domain.words import plural

BY_CREATION = "threadCreationDate"
MOST_DAYS = 36_500


def days_kept(policy: Mapping[str, Any]) -> int | None:
    """Return for how many days after its creation a thread is kept; None if for ever.

    Also None where nobody knows: see `policy_in_words`.
    """
    days = policy.get("deleteThreadAfterDays")
    if policy.get("kind") != BY_CREATION or not isinstance(days, int):
        return None
    return days if 0 <= days <= MOST_DAYS and days is not True else None


def deleted_from(created_on: str, policy: Mapping[str, Any]) -> str:
    """Return from when on the service deletes a thread; "" if not, or if unknown."""
    created, days = parse_time(created_on), days_kept(policy)
    if created is None or days is None:
        return ""
    try:
        return format_time(created + timedelta(days=days))
    except OverflowError:
        return ""


def policy_in_words(policy: Mapping[str, Any]) -> str:
    """Return what a policy says; "" where the service did not tell one."""
    if not policy:
        return ""
    if policy.get("kind") == "none":
        return "kept until somebody deletes it"
    days = days_kept(policy)
    if days is None:
        return "of a kind that is not known"
    return f"deleted by the service {plural(days, 'day')} after its creation"
