"""Reads single settings, and gathers what is wrong with them for one report."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from shared.domain.errors import ConfigError

Read = TypeVar("Read")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DURATION = re.compile(r"(\d{1,6})([smhd])")
SWITCH = {"on": True, "off": False, "true": True, "false": False}

DEFAULTS: Mapping[str, str] = {
    "ARCHIVE_FORMATS": "json,csv,jsonl,html",
    "DISCOVER": "off",
    "FETCH_IMAGES": "on",
    "FETCH_MOST_BYTES": "26214400",
    "FETCH_WITHIN": "30s",
    "LIST_WITHIN": "5m",
    "LOG_BLOCK_BYTES": "4194304",
    "LOG_KEEP": "30d",
    "MAX_OPEN": "7d",
    "QUIET_FOR": "24h",
    "SETTLE_FOR": "5m",
}
"""What a setting is where nobody says otherwise; any other setting is empty then."""


class SettingsReader:
    """Reads single values. What is wrong with them is in `problems`, never raised."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        return self.env.get(name, "").strip() or DEFAULTS.get(name, "")

    def duration(self, name: str) -> timedelta:
        value = self.text(name)
        match = DURATION.fullmatch(value)
        if match is None:
            self.problems.append(
                f"{name} is {value!r}; write a number and a unit, "
                "such as 90s, 15m, 24h or 7d"
            )
            return timedelta()
        return timedelta(**{UNITS[match[2]]: int(match[1])})

    def whole_number(self, name: str, *, most: int) -> int:
        value = self.text(name)
        if not value.isdecimal() or not 0 < int(value) <= most:
            self.problems.append(
                f"{name} is {value!r}; write a whole number from 1 to {most}"
            )
            return 1
        return int(value)

    def switch(self, name: str) -> bool:
        value = self.text(name).lower()
        if value not in SWITCH:
            self.problems.append(f"{name} is {value!r}; write on or off")
        return SWITCH.get(value, False)

    def url(self, name: str) -> str:
        value = self.text(name)
        if value and urlsplit(value).scheme not in ("http", "https"):
            self.problems.append(f"{name} is no address; write https://…")
        return value

    def names(self, name: str) -> tuple[str, ...]:
        parts = (part.strip() for part in self.text(name).split(","))
        return tuple(dict.fromkeys(part for part in parts if part))

    def check(self, name: str, attempt: Callable[[], Any], advice: str) -> None:
        """Try a value. Its text never reaches the report: it holds a key."""
        try:
            attempt()
        except (ValueError, KeyError):
            self.problems.append(f"{name} {advice}")


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
