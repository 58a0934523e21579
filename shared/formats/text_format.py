"""`transcript.txt`: a line per message, or more where its text has more."""

from collections.abc import Iterator

from shared.domain.thread.transcript import Message, Transcript
from shared.domain.words import plural
from shared.formats.part import Options, RenderedFile
from shared.formats.plain import (
    attachments,
    display_text,
    erased_note,
    name_of,
    one_line,
    title,
    told_otherwise,
    version_to_read,
    when,
)

INDENT = "    "


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "transcript.txt", parts(transcript)


def parts(transcript: Transcript) -> Iterator[bytes]:
    complete = "complete" if transcript.is_complete else "may be incomplete"
    people = ", ".join(
        one_line(person.display_name) or one_line(person.id)
        for person in transcript.participants
    )
    yield (
        f"{title(transcript)}\n{one_line(transcript.thread_id)}\n"
        f"{plural(len(transcript.messages), 'message')}, {complete}"
        f"{erased_note(transcript)}. "
        f"Participants: {people}\nTimes are UTC.\n\n"
    ).encode()
    for message in transcript.messages:
        yield entry(message).encode()


def entry(message: Message) -> str:
    marks = [name for name in ("edited", "deleted") if getattr(message, f"is_{name}")]
    mark = f" ({', '.join(marks)})" if marks else ""
    text = display_text(message, version_to_read(message)).replace("\n", f"\n{INDENT}")
    head = f"[{when(message.created_on)} #{one_line(message.id)}]"
    otherwise = told_otherwise(message)
    differs = f"\n{INDENT}! {otherwise}" if otherwise else ""
    if message.is_system:
        return f"{head} * {text}{mark}{differs}\n"
    files = "".join(f"\n{INDENT}+ {attachment}" for attachment in attachments(message))
    earlier = "".join(
        f"\n{INDENT}was: "
        + display_text(message, version).replace("\n", f"\n{INDENT}     ")
        for version in message.versions
        if version is not version_to_read(message) and version.is_known
    )
    return f"{head} {name_of(message)}: {text}{mark}{files}{earlier}{differs}\n"
