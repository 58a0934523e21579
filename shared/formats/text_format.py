"""`transcript.txt`: a line per message, or more where its text has more."""

from collections.abc import Iterator

from shared.domain.thread.message import Message
from shared.domain.thread.transcript import Transcript
from shared.domain.words import plural
from shared.formats.about import about, grade_in_words
from shared.formats.names import Names, names
from shared.formats.one_line import one_line
from shared.formats.part import Options, RenderedFile
from shared.formats.plain import (
    attachments,
    display_text,
    erased_note,
    title,
    told_otherwise,
    version_to_read,
    when,
)

INDENT = "    "


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "transcript.txt", parts(transcript, names(transcript, options.people))


def parts(transcript: Transcript, called: Names) -> Iterator[bytes]:
    people = ", ".join(
        called.of(person.id, person.display_name) for person in transcript.participants
    )
    more = "".join(f"{label}: {words}\n" for label, words in about(transcript, called))
    yield (
        f"{title(transcript)}\n{one_line(transcript.thread_id)}\n"
        f"{plural(len(transcript.messages), 'message')}, "
        f"{grade_in_words(transcript)}{erased_note(transcript)}. "
        f"Participants: {people}\n{more}Times are UTC.\n\n"
    ).encode()
    for message in transcript.messages:
        yield entry(message, called).encode()


def entry(message: Message, called: Names) -> str:
    marks = [name for name in ("edited", "deleted") if getattr(message, f"is_{name}")]
    mark = f" ({', '.join(marks)})" if marks else ""
    read = version_to_read(message)
    text = display_text(message, read, called).replace("\n", f"\n{INDENT}")
    head = f"[{when(message.created_on)} #{one_line(message.id)}]"
    otherwise = told_otherwise(message)
    differs = f"\n{INDENT}! {otherwise}" if otherwise else ""
    if message.is_system:
        return f"{head} * {text}{mark}{differs}\n"
    files = "".join(f"\n{INDENT}+ {attachment}" for attachment in attachments(message))
    earlier = "".join(
        f"\n{INDENT}was: "
        + display_text(message, version, called).replace("\n", f"\n{INDENT}     ")
        for version in message.versions
        if version is not read and version.is_known
    )
    return f"{head} {called.sender(message)}: {text}{mark}{files}{earlier}{differs}\n"
