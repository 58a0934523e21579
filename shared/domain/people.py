"""The directory of people: who is who behind raw ids, as the archive's owner says.

A raw id means nothing once the resource is gone. The directory is input of the archive
by itself, so no name in it ever changes what was archived: it is shown beside the names
of the time, in brackets.

Rule 1: an entry is for a raw id, and for all time or for some days (UTC, both
        included): accounts are passed on.
Rule 2: what is imported about a raw id takes the place of all that was said of that id
        before; other ids stay as they are.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

FIELDS = ("user_id", "name", "mail", "from", "until")
"""What an entry says of a raw id; "" where it does not say that."""
EVER = "9999-12-31"
QUOTED = re.compile(rb'"([0-9]{1,3}:[^"]{1,256})"')
"""What may be a raw id in stored lines."""
SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """Who was behind a raw id, and when; days are `YYYY-MM-DD`, or "" for no limit."""

    raw_id: str
    user_id: str = ""
    name: str = ""
    mail: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, raw_id: str, said: Mapping[str, Any]) -> "KnownPerson":
        """Return an entry from its fields; what is no text counts as "".

        Another writer may have written a surrogate, which no file can hold.

        Raises:
            ValueError: a day is none, or the last one is before the first.

        """
        texts = {
            name: SURROGATE.sub("\ufffd", text)
            if isinstance(text := said.get(name, ""), str)
            else ""
            for name in FIELDS
        }
        since, until = day_in(texts.pop("from")), day_in(texts.pop("until"))
        if until and since > until:
            raise ValueError(f"{until} is before {since}")
        return cls(raw_id=raw_id, since=since, until=until, **texts)

    @property
    def json(self) -> dict[str, Any]:
        """The entry as a line of archive-level input says it."""
        return {
            "people": [self.raw_id],
            "user_id": self.user_id,
            "name": self.name,
            "mail": self.mail,
            "from": self.since,
            "until": self.until,
        }

    @property
    def called(self) -> str:
        """The name; where there is none, what else tells who it is."""
        return self.name or self.mail or self.user_id

    @property
    def period(self) -> str:
        """The days as people read them; "" for all time."""
        if self.since and self.until:
            return f"{self.since} to {self.until}"
        if self.since:
            return f"since {self.since}"
        return f"until {self.until}" if self.until else ""

    def covers(self, time: str) -> bool:
        """Return whether it is of the day of a time; of any, where that is ""."""
        day = time[:10]
        return not day or self.since <= day <= (self.until or EVER)

    def meets(self, other: "KnownPerson") -> bool:
        """Return whether some day belongs to both."""
        return self.since <= (other.until or EVER) and other.since <= (
            self.until or EVER
        )


def day_in(text: str) -> str:
    """Return the day of a day or a time, which may be "".

    Raises:
        ValueError: it is neither.

    """
    text = text.strip()
    if not text:
        return ""
    if re.fullmatch(r"\d{4}-\d\d-\d\d(?:[T ].*)?", text, re.ASCII):
        return date.fromisoformat(text[:10]).isoformat()
    raise ValueError(f"{text!r} is no day such as 2026-11-30")


@dataclass(frozen=True, slots=True)
class PeopleDirectory:
    """Who is who, by raw id."""

    by_id: Mapping[str, tuple[KnownPerson, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Return whether it says anything of anybody."""
        return bool(self.by_id)

    @classmethod
    def of(cls, people: Iterable[KnownPerson]) -> "PeopleDirectory":
        by_id: dict[str, list[KnownPerson]] = {}
        for person in people:
            by_id.setdefault(person.raw_id, []).append(person)
        return cls({who: tuple(found) for who, found in by_id.items()})

    def entries(self) -> Iterator[KnownPerson]:
        for found in self.by_id.values():
            yield from found

    def find(self, raw_id: str, time: str) -> KnownPerson | None:
        """Return who was behind a raw id at a time; None where nothing says so."""
        found = [known for known in self.by_id.get(raw_id, ()) if known.covers(time)]
        return found[-1] if found else None

    def name(self, raw_id: str, time: str = "") -> str:
        """Return the name of who was behind a raw id at a time; "" where nobody knows.

        Without a time, the names of everybody who ever was, with their days.
        """
        found = [known for known in self.by_id.get(raw_id, ()) if known.covers(time)]
        if time or len(found) < 2:  # noqa: PLR2004 - one needs no days
            return found[-1].called if found else ""
        return " / ".join(
            f"{known.called}, {known.period}" if known.period else known.called
            for known in found
        )

    def only(self, raw_ids: Collection[str]) -> "PeopleDirectory":
        """Return what it says of some people."""
        return PeopleDirectory(
            {who: found for who, found in self.by_id.items() if who in raw_ids}
        )

    def named_in(self, stored: Iterable[bytes | None]) -> "PeopleDirectory":
        """Return what it says of those whom stored lines name."""
        if not self.by_id:
            return self
        named = {
            match.decode("utf-8", "replace")
            for data in stored
            for match in QUOTED.findall(data or b"")
        }
        return self.only(named)


def beside(name: str, known_as: str) -> str:
    """Return a name of the time with the directory's beside it; each may be ""."""
    if not known_as or name.casefold() == known_as.casefold():
        return name or known_as
    return f"{name} [{known_as}]" if name else f"[{known_as}]"


NOBODY_KNOWN = PeopleDirectory()
"""The directory of an archive that has none."""
