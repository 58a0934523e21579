"""Search without an index: every thread is read. The answer is that of an index."""

import heapq
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

from shared.domain.errors import IntegrityError
from shared.domain.people import NOBODY_KNOWN, PeopleDirectory
from shared.domain.search.fold import words
from shared.domain.search.query import Query, matches
from shared.ports.archive_index import Filter, Hit
from shared.ports.archive_store import ArchiveFiles
from shared.ports.indexed import IndexedThread, Person, ThreadFacts
from shared.usecases.evidence.revisions import threads_of
from shared.usecases.evidence.thread_archive import read_thread
from shared.usecases.reading.indexed import indexed
from shared.usecases.reading.matching import (
    is_found,
    is_message_meant,
    is_thread_meant,
    people_meant,
)
from shared.usecases.reading.read_ahead import read_ahead

MOST_CALLED = 4
"""Threads that are kept of those that are called like what is sought."""


@dataclass(slots=True, kw_only=True)
class Found:
    """What was found: the newest messages, and how many there are of all.

    `called` are threads with the words in their topic, or in a name, `people` those who
    are meant by the participant that was asked for. `failures` hold a sentence for each
    thread that could not be read.
    """

    hits: list[Hit] = field(default_factory=list)
    count: int = 0
    called: list[ThreadFacts] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    is_any: bool = False
    """Whether any thread is meant by participant, topic and ids."""
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Reads the threads of an archive, one after the other."""

    archive: ArchiveFiles
    on_bytes: Callable[[int], None]
    on_failure: Callable[[str], None]
    people: PeopleDirectory = NOBODY_KNOWN

    async def search(self, query: Query | None, chosen: Filter, limit: int) -> Found:
        """Return the newest messages that a query finds.

        Raises:
            Transient: the archive cannot be reached.

        """
        found = Found()
        newest: list[tuple[int, int, Hit]] = []
        async for thread in self.threads(chosen):
            facts = thread.facts
            found.people += people_meant(facts, chosen.participant)
            found.is_any = True
            if query and is_called(query, facts):
                found.called = newest_first([*found.called, facts])[:MOST_CALLED]
            for message in thread.messages:
                if not is_message_meant(message, chosen):
                    continue
                if query and not is_found(query, message):
                    continue
                found.count += 1
                hit = Hit(thread_id=facts.thread_id, topic=facts.topic, message=message)
                heapq.heappush(newest, (message.number, -found.count, hit))
                if len(newest) > limit:
                    heapq.heappop(newest)
        found.hits = [hit for _, _, hit in sorted(newest, reverse=True)]
        return found

    async def facts(
        self, chosen: Filter, query: Query | None = None
    ) -> list[ThreadFacts]:
        """Return what there is to say of threads, the newest first.

        Raises:
            Transient: the archive cannot be reached.

        """
        found: list[ThreadFacts] = []
        async for thread in self.threads(chosen):
            messages = thread.messages if query or chosen.is_of_messages else ()
            is_meant = not chosen.is_of_messages
            is_said = query is None
            for message in messages:
                is_meant = is_meant or is_message_meant(message, chosen)
                is_said = is_said or (query is not None and is_found(query, message))
                if is_meant and is_said:
                    break
            if is_meant and is_said:
                found.append(thread.facts)
        return newest_first(found)

    async def threads(self, chosen: Filter) -> AsyncIterator[IndexedThread]:
        """Yield the threads that are meant; name those that cannot be read."""
        thread_ids = threads_of(self.archive, self.on_failure, chosen.threads)
        async for read in read_ahead(thread_ids, self.read):
            if isinstance(read, str):
                self.on_failure(read)
            elif is_thread_meant(read.facts, chosen):
                yield read

    async def read(self, thread_id: str) -> IndexedThread | str:
        """Return a thread, or why it cannot be read."""
        try:
            thread = await read_thread(self.archive, thread_id)
            self.on_bytes(thread.chain.size)
            return indexed(thread, self.people)
        except IntegrityError as error:
            return f"{thread_id}: {error}"


def newest_first(found: Iterable[ThreadFacts]) -> list[ThreadFacts]:
    by_id = sorted(found, key=lambda facts: facts.thread_id)
    return sorted(by_id, key=lambda facts: facts.last_message_on, reverse=True)


def is_called(query: Query, facts: ThreadFacts) -> bool:
    """Return whether a thread has a query's words in its topic or its names."""
    texts = (facts.topic, *(person.shown for person in facts.people))
    return matches(query, [words(text) for text in texts])
