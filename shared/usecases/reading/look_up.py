"""What the archive knows of an id that somebody types, before they hold or erase by it.

A display name is no id: two people may have the same one. It only gives a hint.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.domain.identity import raw_id
from shared.domain.log.event import LONGEST_ID
from shared.domain.thread.message import Message
from shared.domain.thread.transcript import Transcript
from shared.ports.archive_store import ArchiveStore
from shared.usecases.reading.find import Find, Selection

THREAD_ID = re.compile(rf"19:[!-~]{{1,{LONGEST_ID - 3}}}")
PERSON_ID = re.compile(r"(?:4|8|28):[!-~]+")
"""Telephone numbers; users of ACS and of Teams; bots."""


@dataclass(slots=True, kw_only=True)
class Covered:
    """What an id covers; 0 threads where the archive does not know it.

    `alike` holds ids that may be meant, each with the name or topic that fits.
    `failures` hold a sentence for each thread that could not be read.
    """

    threads: int = 0
    messages: int = 0
    people: int = 0
    alike: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """Looks an id up in every thread of an archive."""

    archive: ArchiveStore
    on_bytes: Callable[[int], None]

    async def thread(self, thread_id: str, message: str = "") -> Covered:
        """Return what a thread's id covers, or that of a message in it.

        Raises:
            Transient: the archive cannot be reached.

        """
        known = Covered()
        async for transcript in self.find(known)(Selection()):
            if transcript.thread_id == thread_id:
                found = [m for m in transcript.messages if message in ("", m.id)]
                known.threads = int(bool(found) or not message)
                known.messages = len(found)
                known.people = len(
                    {m.sender_id for m in found} if message else transcript.participants
                )
            elif is_alike(thread_id, transcript.thread_id, transcript.topic):
                known.alike[transcript.thread_id] = transcript.topic
        return known

    async def person(self, raw_id: str, threads: Sequence[str] = ()) -> Covered:
        """Return what a raw id covers, in some threads or in all.

        Raises:
            Transient: the archive cannot be reached.

        """
        known = Covered()
        async for transcript in self.find(known)(Selection(threads=tuple(threads))):
            covered = messages_about(transcript, raw_id)
            if covered or takes_part(transcript, raw_id):
                known.threads += 1
                known.messages += len(covered)
                known.people = 1
            for other_id, name in names_in(transcript).items():
                if other_id != raw_id and is_alike(raw_id, other_id, name):
                    known.alike[other_id] = name
        return known

    def find(self, known: Covered) -> Find:
        return Find(
            archive=self.archive,
            on_bytes=self.on_bytes,
            on_failure=known.failures.append,
        )


def takes_part(transcript: Transcript, raw_id: str) -> bool:
    return any(person.id == raw_id for person in transcript.participants) or any(
        message.sender_id == raw_id for message in transcript.messages
    )


def is_alike(text: str, other_id: str, name: str) -> bool:
    """Return whether a text may mean what has this id and this name."""
    sought = text.strip().casefold()
    return bool(sought) and (sought == other_id.casefold() or sought in name.casefold())


def names_in(transcript: Transcript) -> Mapping[str, str]:
    """Return the display name of everybody in a thread, by raw id."""
    names = {
        message.sender_id: message.sender_name
        for message in transcript.messages
        if message.sender_id
    }
    for person in transcript.participants:
        names[person.id] = person.display_name or names.get(person.id, "")
    return names


def messages_about(transcript: Transcript, person: str) -> set[str]:
    """Return the ids of the messages that somebody sent, or that name them."""
    return {
        message.id
        for message in transcript.messages
        if person in (message.sender_id, *people_in(message))
    }


def people_in(message: Message) -> Iterable[str]:
    """Yield the raw ids of those a system message describes by display name."""
    people = message.content.get("participants")
    for person in people if isinstance(people, list) else ():
        if isinstance(person, dict):
            yield raw_id(person.get("communicationIdentifier"))
