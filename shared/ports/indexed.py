"""What an index says of threads, messages and people: the words on its rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.domain.people import beside
from shared.domain.times import parse_time


@dataclass(frozen=True, slots=True, order=True)
class Person:
    """A raw id with one of its names, as people read it; either may be "".

    `known_as` is what the archive's directory of people calls who is behind the id.
    """

    raw_id: str
    name: str = ""
    known_as: str = ""

    @property
    def shown(self) -> str:
        """The name, and beside it that of the directory in brackets."""
        return beside(self.name, self.known_as)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedVersion:
    """A state of a message. `text` is as people read it; "" where there is none."""

    version: int
    kind: str
    changed_on: str
    changed_by: str
    text: str
    is_erased: bool
    commitment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedMessage:
    """A message as people read it: `text` is that of its newest version with content.

    `version` and `commitment` are those of the version that says it. `versions` are
    all of them, oldest first. Times are RFC 3339 with milliseconds, or "".
    """

    message_id: str
    version: int
    type: str
    is_system: bool
    sender: Person
    created_on: str
    edited_on: str
    deleted_on: str
    is_edited: bool
    is_deleted: bool
    is_erased: bool
    text: str
    file_count: int
    outcome: str
    commitment: str
    versions: tuple[IndexedVersion, ...]

    @property
    def number(self) -> int:
        """Epoch milliseconds, by which the newest come first; 1 where nobody knows."""
        return number_of(self.message_id, self.created_on)

    @property
    def earlier_texts(self) -> Iterator[str]:
        """The texts of other versions that people cannot see in `text`."""
        seen = {self.text, ""}
        for version in self.versions:
            if version.text not in seen:
                seen.add(version.text)
                yield version.text


def number_of(message_id: str, created_on: str) -> int:
    """Return a message's number: its id, or when it was created."""
    if message_id.isdecimal() and message_id.isascii():
        return int(message_id)
    moment = parse_time(created_on)
    return int(moment.timestamp() * 1000) if moment else 1


class IndexedTexts(NamedTuple):
    """What a message says and said, for whoever reads all of them.

    `texts` are the one that people read, and those that they cannot see in it.
    `number` is as of `IndexedMessage`.
    """

    thread_id: str
    message_id: str
    number: int
    sender: Person
    texts: tuple[str, ...]
    is_edited: bool
    is_deleted: bool
    has_files: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedFile:
    """A file that a message names. `stored` is its name in the archive, or ""."""

    message_id: str
    number: int
    name: str
    content_type: str
    bytes: int
    outcome: str
    stored: str
    revision: int
    is_erased: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedRevision:
    """A finished revision; `manifest` is the SHA-256 of its manifest."""

    revision: int
    written_on: str
    grade: str
    grade_reason: str
    manifest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadFacts:
    """What an index says of a thread besides its messages.

    `people` are all who take part or are named, with every name; `present` holds the
    raw ids that the newest listing shows (None where no listing tells).
    """

    thread_id: str
    topic: str
    created_on: str
    created_by: str
    deleted_on: str
    deleted_by: str
    first_message_on: str
    last_message_on: str
    message_count: int
    edited_count: int
    deleted_count: int
    system_count: int
    visibility: str
    grade: str
    grade_reason: str
    gaps: tuple[str, ...]
    revision: int
    written_on: str
    people: tuple[Person, ...]
    participants: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedThread:
    """A thread to be indexed; its messages are made when they are asked for."""

    thread_key: str
    facts: ThreadFacts
    messages: Iterable[IndexedMessage]
    files: Sequence[IndexedFile]
    revisions: Sequence[IndexedRevision]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """What an index says of a raw id over all threads, or of a name without one.

    `names` are those that are known, the one that was written under last first. Times
    are those of messages, "" where there is none.
    """

    raw_id: str
    names: tuple[str, ...]
    thread_count: int
    message_count: int
    first_message_on: str
    last_message_on: str
