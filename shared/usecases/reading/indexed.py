"""What an index says of a thread: its messages as people read them."""

import functools
from collections.abc import Iterator

from shared.domain.archive.read_chain import transcript_of
from shared.domain.errors import IntegrityError
from shared.domain.evidence.orders import named_lines
from shared.domain.people import NOBODY_KNOWN, PeopleDirectory
from shared.domain.thread.attachments import file_count, recorded_files
from shared.domain.thread.grade import grade_of
from shared.domain.thread.message import Message, Version
from shared.domain.thread.transcript import Transcript
from shared.domain.times import parse_time, to_milliseconds
from shared.formats.names import Names, names
from shared.formats.one_line import one_line
from shared.formats.plain import read_text, version_to_read
from shared.ports.indexed import (
    IndexedFile,
    IndexedMessage,
    IndexedRevision,
    IndexedThread,
    IndexedVersion,
    Person,
    ThreadFacts,
)
from shared.usecases.evidence.revisions import NOTHING_FINISHED
from shared.usecases.evidence.thread_archive import ThreadArchive


def indexed(
    thread: ThreadArchive, people: PeopleDirectory = NOBODY_KNOWN
) -> IndexedThread:
    """Return what an index says of a thread, which has a finished revision.

    Raises:
        IntegrityError: it cannot be read, or holds what somebody ordered to be erased.

    """
    check_erased(thread)
    transcript = transcript_of(thread.chain)
    newest = thread.newest
    if newest is None:
        raise IntegrityError(NOTHING_FINISHED)
    return IndexedThread(
        thread_key=newest.thread_key,
        facts=facts_of(transcript, newest.revision, newest.written_on, people),
        messages=indexed_messages(transcript, people),
        files=[
            IndexedFile(
                message_id=file.message_id,
                number=file.number,
                name=one_line(file.name),
                content_type=one_line(file.content_type),
                bytes=file.bytes,
                outcome=file.outcome,
                stored=file.stored,
                revision=file.revision,
                is_erased=file.erased,
            )
            for file in transcript.attachments
        ],
        revisions=[
            IndexedRevision(
                revision=number,
                written_on=manifest.written_on,
                grade=manifest.grade,
                grade_reason=manifest.grade_reason,
                manifest=manifest.digest,
            )
            for number, manifest in thread.manifests.items()
        ],
    )


def check_erased(thread: ThreadArchive) -> None:
    """Refuse a thread that still holds what an order names: its erasure has begun.

    Raises:
        IntegrityError: it does.

    """
    for order in thread.orders:
        for file, spans in named_lines(order).items():
            salts = thread.chain.files[file].salts
            if any(salts[index] for span in spans for index in span):
                raise IntegrityError(
                    "an erasure is not finished: run `chat-archive erase` again"
                )


def facts_of(
    transcript: Transcript,
    revision: int = 0,
    written_on: str = "",
    directory: PeopleDirectory = NOBODY_KNOWN,
) -> ThreadFacts:
    """Return what is said of a thread besides its messages."""
    grade, baseline = grade_of(transcript), transcript.tally.baseline
    people = people_of(transcript, directory)
    present = {one_line(who.id) for who in transcript.participants}
    return ThreadFacts(
        thread_id=transcript.thread_id,
        topic=one_line(transcript.topic),
        created_on=comparable(transcript.created_on),
        created_by=one_line(transcript.created_by),
        deleted_on=comparable(transcript.deleted_on),
        deleted_by=one_line(transcript.deleted_by),
        first_message_on=comparable(baseline.first_on),
        last_message_on=comparable(baseline.last_on),
        message_count=len(transcript.messages),
        edited_count=baseline.edited,
        deleted_count=baseline.deleted,
        system_count=baseline.system,
        visibility=transcript.listing.visibility,
        grade=grade.name,
        grade_reason=grade.reason,
        gaps=tuple(one_line(gap.reason) for gap in transcript.gaps),
        revision=revision,
        written_on=written_on,
        people=people,
        participants=tuple(
            dict.fromkeys(who.raw_id for who in people if who.raw_id in present)
        ),
    )


def people_of(transcript: Transcript, directory: PeopleDirectory) -> tuple[Person, ...]:
    """Return everybody whom a thread tells of, with each of their names.

    Somebody who has a name stands there by it, and not by the id alone too.
    """
    told = dict.fromkeys(
        person(one_line(who), one_line(name), directory)
        for who, name in (
            *((person.id, person.display_name) for person in transcript.participants),
            *transcript.tally.told,
        )
    )
    named = {each.raw_id for each in told if each.name}
    return tuple(
        each for each in told if each.name or (each.raw_id and each.raw_id not in named)
    )


def person(who: str, name: str, directory: PeopleDirectory) -> Person:
    known_as = directory.name(who) if directory else ""
    return Person(who, name, one_line(known_as))


def indexed_messages(
    transcript: Transcript, people: PeopleDirectory = NOBODY_KNOWN
) -> Iterator[IndexedMessage]:
    """Yield the messages of a transcript as an index has them."""
    called = names(transcript)  # texts cite the archive, which knows no directory
    recorded = recorded_files(transcript)
    for message in transcript.messages:
        files = file_count(message, recorded)
        yield indexed_message(message, called, files, people)


@functools.lru_cache(maxsize=4096)
def called_so(text: str) -> str:
    """Return an id, a name or a type on one line: few are said again and again."""
    return one_line(text)


def indexed_message(
    message: Message, called: Names, files: int, people: PeopleDirectory
) -> IndexedMessage:
    versions = tuple(
        indexed_version(message, version, called) for version in message.versions
    )
    read = version_to_read(message)
    shown = next(
        each
        for each, version in zip(versions, message.versions, strict=True)
        if version is read
    )
    who = called_so(message.sender_id)
    return IndexedMessage(
        message_id=message.id,
        version=read.number,
        type=called_so(message.type),
        is_system=message.is_system,
        sender=person(
            who,
            called_so(message.sender_name) or called.by_id.get(who, ""),
            people,
        ),
        created_on=comparable(message.created_on),
        edited_on=comparable(message.edited_on),
        deleted_on=comparable(message.deleted_on),
        is_edited=message.is_edited,
        is_deleted=message.is_deleted,
        is_erased=any(version.erased for version in message.versions),
        text=shown.text,
        file_count=files,
        outcome=message.outcome,
        commitment=read.commitment,
        versions=versions,
    )


def indexed_version(
    message: Message, version: Version, called: Names
) -> IndexedVersion:
    return IndexedVersion(
        version=version.number,
        kind=version.kind,
        changed_on=comparable(version.on),
        changed_by=called_so(version.by),
        text=read_text(message, version, called),
        is_erased=version.erased,
        commitment=version.commitment,
    )


@functools.lru_cache(maxsize=1024)
def comparable(time: str) -> str:
    """Return a time in a form whose texts can be compared; "" for none."""
    moment = parse_time(time)
    return to_milliseconds(moment) if moment else ""
