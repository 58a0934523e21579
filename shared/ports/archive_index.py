"""The index: what an archive says, in rows, derived from it and never believed alone.

An index stands for a ledger up to a line. What is read from it is only used where the
archive's ledger still ends there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shared.domain.errors import ArchiverError
from shared.domain.people import PeopleDirectory
from shared.domain.search.query import Query
from shared.ports.indexed import (
    IndexedFile,
    IndexedMessage,
    IndexedRevision,
    IndexedTexts,
    Person,
    PersonFacts,
    ThreadFacts,
)


class IndexBusy(ArchiverError):
    """Another process is building the index. The text says what to do."""


class IndexFailed(ArchiverError):
    """The index cannot be written. The text says why."""


class NoIndex(ArchiverError):
    """There is no index, or none that can be believed. The text says what to do."""


class MissingIndex(NoIndex):
    """Nobody has built an index. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which threads and messages are meant; "", () and None mean no limit.

    `participant` is a raw id or a name (the beginnings of its words), `topic` a part of
    a topic. `after` and `before` are times, or ids of messages, both exclusive.
    """

    threads: tuple[str, ...] = ()
    participant: str = ""
    topic: str = ""
    after: datetime | int | None = None
    before: datetime | int | None = None
    is_edited: bool = False
    is_deleted: bool = False
    has_files: bool = False
    senders: tuple[Person, ...] | None = None
    """Only what one of these has sent, under that name; None means no limit."""
    only_threads: tuple[str, ...] | None = None
    """Never any other thread, whatever is asked for; None means no limit."""

    @property
    def of_threads(self) -> "Filter":
        """The same threads, whatever their messages are."""
        return Filter(
            threads=self.threads,
            participant=self.participant,
            topic=self.topic,
            only_threads=self.only_threads,
        )

    @property
    def is_of_messages(self) -> bool:
        """Whether it says anything of messages."""
        limits = (self.after, self.before)
        is_of_kind = self.is_edited or self.is_deleted or self.has_files
        is_limited = any(limit is not None for limit in limits)
        return is_of_kind or is_limited or self.senders is not None


NO_FILTER = Filter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A message that was found, in its thread."""

    thread_id: str
    topic: str
    message: IndexedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A thread that could not be read when the index was built, and why."""

    thread_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexAbout:
    """What an index stands for: an archive, and its ledger up to a line.

    `size` and `root` are those of the ledger; `position` says where in its blobs
    that is.
    """

    archive: str
    size: int
    root: str
    built_on: str
    position: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadState:
    """When an index read a thread last: after so many lines of the ledger."""

    thread_key: str
    ledger_lines: int


class IndexReader(Protocol):
    """Reads an index. Nothing here writes."""

    @property
    def about(self) -> IndexAbout: ...

    @property
    def is_older(self) -> bool:
        """Whether the archive has changed since the index was built."""
        ...

    def unread(self) -> Sequence[Unread]:
        """Return the threads that are missing from it."""
        ...

    def search(
        self, query: Query | None, chosen: Filter, limit: int, offset: int = 0
    ) -> Sequence[Hit]:
        """Return the messages that were found, the newest first."""
        ...

    def texts(self) -> Iterator[IndexedTexts]:
        """Yield the texts of all messages, the oldest first."""
        ...

    def count(self, query: Query | None, chosen: Filter, most: int) -> int:
        """Return how many messages `search` would find; `most` where it is more."""
        ...

    def threads(
        self,
        chosen: Filter,
        limit: int | None = None,
        offset: int = 0,
        query: Query | None = None,
    ) -> Iterator[ThreadFacts]:
        """Yield the threads that are meant, those with the newest messages first.

        With a query, only those with a message that it finds.
        """
        ...

    def threads_called(
        self, query: Query, chosen: Filter, limit: int
    ) -> Sequence[ThreadFacts]:
        """Return threads that have a query's words in their topic or their names."""
        ...

    def states(self) -> Mapping[str, ThreadState]:
        """Return what tells whether a thread has changed, by its id."""
        ...

    def grades(self, chosen: Filter) -> Mapping[str, int]:
        """Return how many of the threads that are meant have which grade."""
        ...

    def thread_ids(self, beginning: str, limit: int) -> Sequence[str]:
        """Return the ids of threads that begin with a text."""
        ...

    def messages(
        self, thread_id: str, limit: int, after: str = ""
    ) -> Sequence[IndexedMessage]:
        """Return messages of a thread, oldest first, after the one with an id."""
        ...

    def message_ids(self, thread_id: str) -> Sequence[str]:
        """Return the ids of a thread's messages."""
        ...

    def message(self, thread_id: str, message_id: str) -> IndexedMessage | None:
        """Return a message; None if there is none."""
        ...

    def files(self, thread_id: str, message_id: str = "") -> Sequence[IndexedFile]:
        """Return the files of a thread, or of a message in it."""
        ...

    def revisions(self, thread_id: str) -> Sequence[IndexedRevision]:
        """Return the revisions of a thread, oldest first."""
        ...

    def people(
        self, name: str, chosen: Filter, limit: int
    ) -> Sequence[tuple[Person, int]]:
        """Return who is meant by a raw id or a name, each with a number of threads."""
        ...

    def directory(self) -> PeopleDirectory:
        """Return the archive's directory of people, as the index was built with it."""
        ...

    def everybody(self) -> Iterator[PersonFacts]:
        """Yield everybody who takes part in a thread or is named there, by raw id."""
        ...

    def close(self) -> None: ...
