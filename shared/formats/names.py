"""What to call people: the same in every format, and never one name for two people.

Rule 1: somebody is called by the name that is told with the message, else by the name
        of the participant, else by another that was told in the thread, else by the id.
Rule 2: where two ids of a thread have names that look alike, the id stands beside the
        name. A name that looks like somebody's name with the id counts too.
"""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from shared.domain import json_line
from shared.domain.identity import raw_id
from shared.domain.thread.message import Message
from shared.domain.thread.transcript import Transcript
from shared.formats.one_line import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of one thread. `shared` are those of several ids, as `alike` gives."""

    by_id: Mapping[str, str] = field(default_factory=dict)
    shared: Collection[str] = ()

    def of(self, who: str, told: str = "") -> str:
        """Return what to call somebody, on one line; "" where nothing is known.

        `who` is a raw id, `told` the name that is told with it, either may be "".
        """
        name, shown = one_line(told) or self.by_id.get(who, ""), one_line(who)
        if name and shown and self.shared and alike(name) in self.shared:
            return f"{name} ({shown})"
        return name or shown

    def sender(self, message: Message) -> str:
        """Return what to call who wrote a message."""
        return self.of(message.sender_id, message.sender_name) or "unknown sender"

    def person(self, participant: object) -> str:
        """Return what to call a participant whom a system message lists."""
        return self.of(*told_of(participant)) or "somebody"

    @staticmethod
    def id_of(participant: object) -> str:
        return told_of(participant)[0]


NOBODY = Names()
"""The names of a thread of which nothing is known but the message at hand."""


def names(transcript: Transcript) -> Names:
    """Return the names of a thread, after one pass over its messages."""
    told = dict.fromkeys(each_told(transcript))
    by_id: dict[str, str] = {}
    for who, name in told:
        if who and (shown := one_line(name)):
            by_id.setdefault(who, shown)
    owners: dict[str, set[str]] = {}
    for who, name in told:
        if who:
            shown = one_line(name) or by_id.get(who) or one_line(who)
            for looks in (shown, f"{shown} ({one_line(who)})"):
                owners.setdefault(alike(looks), set()).add(who)
    shared = frozenset(name for name, ids in owners.items() if len(ids) > 1)
    return Names(by_id=by_id, shared=shared)


def each_told(transcript: Transcript) -> Iterator[tuple[str, str]]:
    """Yield each raw id with each name that is told of it, with repetitions."""
    for person in transcript.participants:
        yield person.id, person.display_name
    for message in transcript.messages:
        yield message.sender_id, message.sender_name
        if message.is_system:
            for version in message.versions:
                people = (version.content or {}).get("participants")
                yield from map(told_of, json_line.dicts_in(people))


def told_of(participant: object) -> tuple[str, str]:
    """Return the raw id and the name of a listed participant; "" for what is absent."""
    if not isinstance(participant, dict):
        return "", ""
    name = participant.get("displayName")
    who = raw_id(participant.get("communicationIdentifier"))
    return who, name if isinstance(name, str) else ""


def alike(name: str) -> str:
    """Return what names that look alike have in common."""
    shown = filter(str.isprintable, unicodedata.normalize("NFKC", name))
    return "".join(shown).casefold()
