"""What to call people: the same in every format, and never one name for two people.

Rule 1: somebody is called by the name that is told with the message, else by the name
        of the participant, else by another that was told in the thread, else by the id.
Rule 2: what the archive's directory calls them, at the time of a message, stands
        beside that in brackets. A name of the time that has brackets of its own gets
        the id too, so that nobody names themselves after somebody else's.
Rule 3: where two ids of a thread have names that look alike, the id stands beside the
        name. A name that looks like somebody's name with the id counts too.
"""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from shared.domain.people import NOBODY_KNOWN, PeopleDirectory, beside
from shared.domain.thread.message import Message
from shared.domain.thread.told_names import told_name
from shared.domain.thread.transcript import Transcript
from shared.formats.one_line import one_line

BRACKET = "["
UNSEEN = dict.fromkeys(
    (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0000, 0xE1000),
    )
)
"""Characters that show nothing though they count as printable: most are what Unicode
calls default-ignorable. Letters of two scripts that look alike are not told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of one thread. `shared` are those of several ids, as `alike` gives.

    `people` is the archive's directory, where an export shows it.
    """

    by_id: Mapping[str, str] = field(default_factory=dict)
    shared: Collection[str] = ()
    people: PeopleDirectory = NOBODY_KNOWN

    def of(self, who: str, told: str = "", time: str = "") -> str:
        """Return what to call somebody, on one line; "" where nothing is known.

        `who` is a raw id, `told` the name that is told with it, `time` when they were
        called so; each may be "".
        """
        name, shown = one_line(told) or self.by_id.get(who, ""), one_line(who)
        if name and shown and self.is_doubtful(name):
            name = f"{name} ({shown})"
        if not self.people:
            return name or shown
        return beside(name or shown, one_line(self.people.name(who, time)))

    def is_doubtful(self, name: str) -> bool:
        """Return whether a name alone does not say who that is."""
        if self.people and BRACKET in alike(name):
            return True
        return bool(self.shared) and alike(name) in self.shared

    def sender(self, message: Message) -> str:
        """Return what to call who wrote a message."""
        who = self.of(message.sender_id, message.sender_name, message.created_on)
        return who or "unknown sender"

    def person(self, participant: object) -> str:
        """Return what to call a participant whom a system message lists."""
        return self.of(*told_name(participant)) or "somebody"

    @staticmethod
    def id_of(participant: object) -> str:
        return told_name(participant)[0]


NOBODY = Names()
"""The names of a thread of which nothing is known but the message at hand."""


def names(transcript: Transcript, people: PeopleDirectory = NOBODY_KNOWN) -> Names:
    """Return the names of a thread, beside those of a directory."""
    told = dict.fromkeys(
        (person.id, person.display_name) for person in transcript.participants
    ) | dict.fromkeys(transcript.tally.told)
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
    return Names(by_id=by_id, shared=shared, people=people)


def alike(name: str) -> str:
    """Return what names that look alike have in common."""
    shown = unicodedata.normalize("NFKC", name).translate(UNSEEN)
    return "".join(filter(str.isprintable, shown)).casefold()
