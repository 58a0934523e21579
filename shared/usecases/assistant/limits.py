"""What an assistant may be shown: all, some threads, or those of one person.

Rule 1: a thread outside is answered exactly like one that does not exist.
Rule 2: a person is a raw id. Anybody can take anybody's name, so that a name which fits
        several people opens nothing.
"""

from dataclasses import dataclass, field, replace

from shared.ports.archive_index import NO_FILTER, Filter, IndexReader
from shared.ports.assistant import Refused
from shared.ports.indexed import ThreadFacts

MOST_PEOPLE = 100
"""Of one name, to look whether they are one person."""
NO_THREAD = "there is no such thread; `list_threads` has all"
NOT_ONE_PERSON = (
    "this server is limited to a participant, and what it was given is not exactly one "
    "person: whoever set it up has to start it with the raw id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`threads` are ids, `participant` is a raw id or a name; both limit together."""

    threads: tuple[str, ...] = ()
    participant: str = ""

    @property
    def is_limited(self) -> bool:
        return bool(self.threads or self.participant)

    def scope(self, index: IndexReader) -> "Scope":
        """Return what may be shown of an index as it is now.

        Raises:
            Refused: the participant is not exactly one person.

        """
        if not self.participant:
            return Scope(index=index, only_threads=self.threads or None)
        raw_id = self.raw_id(index)
        chosen = Filter(participant=raw_id, only_threads=self.threads or None)
        # Somebody may be called like the raw id of another one.
        threads = (
            thread.thread_id
            for thread in index.threads(chosen)
            if any(person.raw_id == raw_id for person in thread.people)
        )
        return Scope(index=index, only_threads=tuple(threads), is_by_person=True)

    def raw_id(self, index: IndexReader) -> str:
        """Return who the participant is."""
        people = index.people(self.participant, NO_FILTER, MOST_PEOPLE)
        ids = {person.raw_id for person, _ in people}
        if self.participant in ids:
            return self.participant
        if len(ids) != 1 or "" in ids:
            raise Refused(NOT_ONE_PERSON)
        return ids.pop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """An index, and the threads of it that may be shown; None means all."""

    index: IndexReader
    only_threads: tuple[str, ...] | None = None
    is_by_person: bool = False

    @property
    def all(self) -> Filter:
        return replace(NO_FILTER, only_threads=self.only_threads)

    def thread(self, thread_id: str) -> ThreadFacts:
        """Return a thread.

        Raises:
            Refused: there is none, or it may not be shown.

        """
        chosen = replace(self.all, threads=(thread_id,))
        for thread in self.index.threads(chosen, limit=1):
            return thread
        raise Refused(NO_THREAD)

    def may_name(self, thread_id: str) -> bool:
        """Return whether a thread may be named of which nothing else is known."""
        if self.is_by_person:
            return False
        return self.only_threads is None or thread_id in self.only_threads


@dataclass(slots=True)
class Shown:
    """What an answer shows: ids of threads, each with those of messages."""

    messages: dict[str, list[str]] = field(default_factory=dict)

    def thread(self, thread_id: str) -> None:
        self.messages.setdefault(thread_id, [])

    def message(self, thread_id: str, message_id: str) -> None:
        self.messages.setdefault(thread_id, []).append(message_id)
