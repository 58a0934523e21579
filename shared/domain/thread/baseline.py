"""The baseline: counts of messages, for checking a migration.

A migrated copy must match these numbers: messages by author and day, edited, deleted,
html, with attachments, with metadata, and system messages, and the times of the first
and the last one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.domain.times import as_moment


class Countable(Protocol):
    """The parts of a message that are counted."""

    @property
    def type(self) -> str: ...
    @property
    def sender_id(self) -> str: ...
    @property
    def created_on(self) -> str: ...
    @property
    def is_edited(self) -> bool: ...
    @property
    def is_deleted(self) -> bool: ...
    @property
    def is_html(self) -> bool: ...
    @property
    def is_system(self) -> bool: ...
    @property
    def versions(self) -> Sequence[object]: ...
    @property
    def content(self) -> Mapping[str, Any]: ...


@dataclass(slots=True)
class Baseline:
    """Counts of messages, which can be added up. Times are "" where there are none."""

    messages: int = 0
    versions: int = 0
    edited: int = 0
    deleted: int = 0
    html: int = 0
    attachments: int = 0
    metadata: int = 0
    system: int = 0
    first_on: str = ""
    last_on: str = ""
    by_author_and_day: dict[str, dict[str, int]] = field(default_factory=dict)
    """By the author's raw id, then by UTC day; without system messages."""

    def add_message(self, message: Countable) -> None:
        """Count a message."""
        self.messages += 1
        self.versions += len(message.versions)
        self.edited += message.is_edited
        self.deleted += message.is_deleted
        content = message.content
        self.attachments += bool(content.get("attachments"))
        self.metadata += bool(content.get("metadata"))
        self.html += message.is_html
        self.extend(message.created_on, message.created_on)
        if message.is_system:
            self.system += 1
        else:
            self.count(message.sender_id, message.created_on[:10], 1)

    def add(self, other: "Baseline") -> None:
        """Add the counts of another baseline."""
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.extend(other.first_on, other.last_on)
        for author, days in other.by_author_and_day.items():
            for day, count in days.items():
                self.count(author, day, count)

    def extend(self, first_on: str, last_on: str) -> None:
        if first_on and (
            not self.first_on or as_moment(first_on) < as_moment(self.first_on)
        ):
            self.first_on = first_on
        self.last_on = max(self.last_on, last_on, key=as_moment)

    def count(self, author: str, day: str, messages: int) -> None:
        days = self.by_author_and_day.setdefault(author, {})
        days[day] = days.get(day, 0) + messages

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON, sorted: the same for the same messages."""
        return {
            **{name: getattr(self, name) for name in COUNTED},
            "first_on": self.first_on,
            "last_on": self.last_on,
            "by_author_and_day": {
                author: dict(sorted(days.items()))
                for author, days in sorted(self.by_author_and_day.items())
            },
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Baseline":
        """Return the baseline that `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it is not one.

        """
        return cls(
            **{name: int(value[name]) for name in COUNTED},
            first_on=str(value["first_on"]),
            last_on=str(value["last_on"]),
            by_author_and_day={
                author: {day: int(count) for day, count in days.items()}
                for author, days in value["by_author_and_day"].items()
            },
        )


COUNTED = (
    "messages",
    "versions",
    "edited",
    "deleted",
    "html",
    "attachments",
    "metadata",
    "system",
)
