"""Reads single settings, and gathers what is wrong with them for one report."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from shared.domain.errors import ConfigError

Read = TypeVar("Read")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DURATION = re.compile(r"([0-9]{1,6})([smhd])")
WHOLE = re.compile(r"[0-9]{1,18}")
LONGEST = timedelta(days=36_500)
"""The longest duration that is taken; dates beyond it cannot be reckoned with."""
SWITCH = {"on": True, "off": False, "true": True, "false": False}

DEFAULTS: Mapping[str, str] = {
    "ACS_CHAT_API_VERSION": "2025-03-15",
    "ARCHIVE_FORMATS": "json,csv,jsonl,html",
    "DISCOVER": "off",
    "FETCH_IMAGES": "on",
    "FETCH_MOST_BYTES": "26214400",
    "FETCH_THREAD_BYTES": "1073741824",
    "FETCH_THREAD_FILES": "1000",
    "FETCH_WITHIN": "30s",
    "KEEP_SUPERSEDED": "30d",
    "LIST_WITHIN": "5m",
    "LOG_BLOCK_BYTES": "4194304",
    "LOG_KEEP": "30d",
    "MAX_OPEN": "7d",
    "QUIET_FOR": "24h",
    "SETTLE_FOR": "5m",
    "WHOLE_PASS_EVERY": "7d",
}
"""What a setting is where nobody says otherwise; any other setting is empty then."""


class SettingsReader:
    """Reads single values. What is wrong with them is in `problems`, never raised.

    No problem repeats a value: it may be a key that stands in the wrong place (P9).
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        return self.env.get(name, "").strip() or DEFAULTS.get(name, "")

    def duration(
        self, name: str, *, least: timedelta = timedelta(), most: timedelta = LONGEST
    ) -> timedelta:
        match = DURATION.fullmatch(self.text(name))
        if match is None:
            self.problems.append(
                f"{name} is no duration; write a number and a unit, "
                "such as 90s, 15m, 24h or 7d"
            )
            return least
        duration = timedelta(**{UNITS[match[2]]: int(match[1])})
        if not least <= duration <= most:
            self.problems.append(
                f"{name} must be from {in_words(least)} to {in_words(most)}"
            )
        return duration

    def whole_number(self, name: str, *, most: int) -> int:
        value = self.text(name)
        if not WHOLE.fullmatch(value) or not 0 < int(value) <= most:
            self.problems.append(
                f"{name} is no such number; write a whole one from 1 to {most}"
            )
            return 1
        return int(value)

    def switch(self, name: str) -> bool:
        value = self.text(name).lower()
        if value not in SWITCH:
            self.problems.append(f"{name} is neither on nor off; write one of them")
        return SWITCH.get(value, False)

    def url(self, name: str) -> str:
        value = self.text(name)
        if value and not is_address(value):
            self.problems.append(f"{name} is no address; write https://…")
        return value

    def names(self, name: str) -> tuple[str, ...]:
        text = self.text(name)
        parts = (part.strip() for part in text.split(","))
        found = tuple(dict.fromkeys(part for part in parts if part))
        if text and not found:
            self.problems.append(f"{name} names nothing; leave it empty, or name some")
        return found

    def check(self, name: str, attempt: Callable[[], Any], advice: str) -> None:
        """Try a value. Its text never reaches the report: it holds a key."""
        try:
            attempt()
        except (ValueError, KeyError):
            self.problems.append(f"{name} {advice}")


def in_words(duration: timedelta) -> str:
    """Return a duration as a setting has it, in its largest whole unit."""
    seconds = int(duration.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def read_settings(
    env: Mapping[str, str], read: Callable[[SettingsReader], Read]
) -> Read:
    """Return what `read` makes of the environment.

    Raises:
        ConfigError: with every problem found, not only the first.

    """
    reader = SettingsReader(env)
    settings = read(reader)
    if reader.problems:
        raise ConfigError(reader.problems)
    return settings


def is_address(text: str) -> bool:
    """Return whether a text is an address of a server, without a name or password."""
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_plain = has_port and "@" not in parts.netloc
    return parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain
