"""Find: the threads of an archive that match a selection, read one after the other."""

from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.archive.read_chain import transcript_of
from shared.domain.errors import IntegrityError
from shared.domain.log.event import parse_version
from shared.domain.people import NOBODY_KNOWN, PeopleDirectory
from shared.domain.search.limits import beginning, limit
from shared.domain.search.query import Query, parse_query
from shared.domain.thread.message import Message
from shared.domain.thread.transcript import Gap, GapKind, Transcript
from shared.domain.times import parse_time
from shared.domain.words import plural
from shared.ports.archive_index import Filter, IndexReader
from shared.ports.archive_store import ArchiveStore
from shared.usecases.evidence.revisions import NOTHING_FINISHED, threads_of
from shared.usecases.evidence.thread_archive import read_thread
from shared.usecases.reading.indexed import facts_of, indexed_messages
from shared.usecases.reading.matching import is_found, is_thread_meant
from shared.usecases.reading.read_ahead import read_ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What to look for; "" and () mean no limit.

    `after` and `before` are times (RFC 3339, or a day) or ids of messages, both
    exclusive. `participant` chooses the threads in which somebody took part, by raw id
    or name, `topic` those with a text in their topic, and `text`, which is a query,
    those with a message that it finds in one of its versions.
    """

    threads: tuple[str, ...] = ()
    participant: str = ""
    topic: str = ""
    text: str = ""
    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """Reads the newest revision of each thread that is looked for.

    With an `index`, only threads that it names are read; what it says is checked
    against the archive all the same.
    """

    archive: ArchiveStore
    on_bytes: Callable[[int], None]
    on_failure: Callable[[str], None]
    """Takes a sentence for each thread that cannot be read."""
    index: IndexReader | None = None
    people: PeopleDirectory = NOBODY_KNOWN

    async def __call__(self, selection: Selection) -> AsyncIterator[Transcript]:
        """Yield each thread with the messages that were chosen.

        Raises:
            NoTime: a limit cannot be read.
            NoQuery: the text cannot be searched for.
            Transient: the archive cannot be reached.

        """
        chosen = filter_of(selection)
        query = parse_query(selection.text) if selection.text else None
        async for read in read_ahead(self.thread_ids(chosen, query), self.attempt):
            if isinstance(read, IntegrityError):
                continue
            if is_wanted(read, chosen, query, self.people):
                yield between(read, chosen.after, chosen.before)

    async def thread_ids(
        self, chosen: Filter, query: Query | None
    ) -> AsyncIterator[str]:
        """Yield the ids of the threads that may be wanted."""
        if self.index is None:
            async for name in threads_of(self.archive, self.on_failure, chosen.threads):
                yield name
            return
        for failure in unread(self.index, chosen.threads):
            self.on_failure(failure)
        for facts in self.index.threads(chosen.of_threads, query=query):
            yield facts.thread_id

    async def attempt(self, thread_id: str) -> Transcript | IntegrityError:
        """Return a thread; where it cannot be read, the error, which is reported."""
        try:
            return await self.transcript(thread_id)
        except IntegrityError as error:
            self.on_failure(f"{thread_id}: {error}")
            return error

    async def transcript(self, thread_id: str) -> Transcript:
        """Replay the newest revision of a thread.

        Raises:
            IntegrityError: it has none, or its files are not what they should be.
            Transient: the archive cannot be reached.

        """
        thread = await read_thread(self.archive, thread_id)
        if thread.newest is None:
            raise IntegrityError(NOTHING_FINISHED)
        self.on_bytes(thread.chain.size)
        return transcript_of(thread.chain)


def unread(index: IndexReader, threads: Collection[str]) -> list[str]:
    """Return a sentence for each thread that an index lacks, of those or of all."""
    return [
        f"{each.thread_id}: {each.reason}"
        for each in index.unread()
        if not threads or each.thread_id in threads
    ]


def is_wanted(
    transcript: Transcript,
    chosen: Filter,
    query: Query | None,
    people: PeopleDirectory,
) -> bool:
    facts = facts_of(transcript, directory=people)
    return is_thread_meant(facts, chosen) and (
        query is None
        or any(
            is_found(query, message) for message in indexed_messages(transcript, people)
        )
    )


def filter_of(selection: Selection) -> Filter:
    """Return a selection as a filter; its text is a query of its own.

    Raises:
        NoTime: a limit cannot be read.

    """
    return Filter(
        threads=selection.threads,
        participant=selection.participant,
        topic=selection.topic,
        after=beginning(selection.after),
        before=limit(selection.before),
    )


def between(
    transcript: Transcript,
    after: datetime | int | None,
    before: datetime | int | None,
) -> Transcript:
    """Return the messages between two limits, as a transcript that says so."""
    if after is None and before is None:
        return transcript
    chosen = tuple(
        message
        for message in transcript.messages
        if is_beyond(message, after, 1) and is_beyond(message, before, -1)
    )
    gap = Gap(
        kind=GapKind.SELECTION,
        since=str(after or ""),
        until=str(before or ""),
        reason=f"a selection: {len(chosen)} of "
        f"{plural(len(transcript.messages), 'message')}",
    )
    return replace(transcript.with_messages(chosen), gaps=(*transcript.gaps, gap))


def is_beyond(message: Message, limit: datetime | int | None, sign: int) -> bool:
    if limit is None:
        return True
    if isinstance(limit, int):
        return ((parse_version(message.id) or 0) - limit) * sign > 0
    moment = parse_time(message.created_on)
    return moment is not None and (moment - limit).total_seconds() * sign > 0
