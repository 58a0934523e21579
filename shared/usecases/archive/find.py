"""Find: the threads of an archive that match a selection, read one after the other."""

import unicodedata
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.archive.read_chain import transcript_of
from shared.domain.errors import ArchiverError, IntegrityError
from shared.domain.log.event import parse_version
from shared.domain.thread.message import Message
from shared.domain.thread.transcript import Gap, GapKind, Transcript
from shared.domain.times import parse_time
from shared.domain.words import plural
from shared.formats.plain import text_of
from shared.ports.archive_store import ArchiveStore
from shared.usecases.evidence.revisions import threads_of
from shared.usecases.evidence.thread_archive import read_thread

SHORTEST_ID = 10
"""Digits from which a number is taken for a message's id, not for a year."""


class NoTime(ArchiverError):
    """Something is neither a time nor the id of a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What to look for; "" and () mean no limit.

    `after` and `before` are times (RFC 3339, or a day) or ids of messages, both
    exclusive. `participant` chooses the threads in which somebody took part, `topic`
    and `text` those that have a text in their topic, or in a version of a message.
    """

    threads: tuple[str, ...] = ()
    participant: str = ""
    topic: str = ""
    text: str = ""
    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """Reads the newest revision of each thread that is looked for."""

    archive: ArchiveStore
    on_bytes: Callable[[int], None]
    on_failure: Callable[[str], None]
    """Takes a sentence for each thread that cannot be read."""

    async def __call__(self, selection: Selection) -> AsyncIterator[Transcript]:
        """Yield each thread with the messages that were chosen.

        Raises:
            NoTime: a limit cannot be read.
            Transient: the archive cannot be reached.

        """
        limits = limit(selection.after), limit(selection.before)
        async for thread_id in threads_of(
            self.archive, self.on_failure, selection.threads
        ):
            try:
                transcript = await self.transcript(thread_id)
            except IntegrityError as error:
                self.on_failure(f"{thread_id}: {error}")
                continue
            if is_wanted(transcript, selection):
                yield between(transcript, *limits)

    async def transcript(self, thread_id: str) -> Transcript:
        """Replay the newest revision of a thread.

        Raises:
            IntegrityError: it has none, or its files are not what they should be.
            Transient: the archive cannot be reached.

        """
        thread = await read_thread(self.archive, thread_id)
        if thread.newest is None:
            raise IntegrityError("the archive has no finished revision of it")
        self.on_bytes(thread.chain.size)
        return transcript_of(thread.chain)


def is_wanted(transcript: Transcript, selection: Selection) -> bool:
    return (
        takes_part(transcript, selection.participant)
        and folded(selection.topic) in folded(transcript.topic)
        and says(transcript, selection.text)
    )


def says(transcript: Transcript, text: str) -> bool:
    """Return whether some version of some message holds a text, as people read it."""
    sought = folded(text)
    return not sought or any(
        sought in folded(text_of(version))
        for message in transcript.messages
        for version in message.versions
    )


def folded(text: str) -> str:
    """Return text as it is compared: case, composition and blanks do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def limit(text: str) -> datetime | int | None:
    """Read a limit: a time, or a message's id.

    Raises:
        NoTime: it is neither.

    """
    if not text:
        return None
    number = parse_version(text)
    if number is not None and len(text) >= SHORTEST_ID:
        return number
    moment = parse_time(text)
    if moment is None:
        raise NoTime(f"{text!r} is no time (2026-11-22, 2026-11-22T12:00Z) and no id")
    return moment


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


def takes_part(transcript: Transcript, participant: str) -> bool:
    return (
        not participant
        or any(person.id == participant for person in transcript.participants)
        or any(message.sender_id == participant for message in transcript.messages)
    )
