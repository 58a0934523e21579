"""`transcript.txt`: a line per message, more where it has more."""

from collections.abc import Iterator

from shared.domain.thread.transcript import Message, Transcript
from shared.formats.part import Options, RenderedFile
from shared.formats.plain import (
    attachments,
    is_system,
    message_status,
    name_of,
    one_line,
    said,
    title,
    when,
)

INDENT = "    "


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "transcript.txt", parts(transcript)


def parts(transcript: Transcript) -> Iterator[bytes]:
    complete = "complete" if transcript.is_complete else "may be incomplete"
    people = ", ".join(
        one_line(one.display_name) or one_line(one.id)
        for one in transcript.participants
    )
    yield (
        f"{title(transcript)}\n{one_line(transcript.thread_id)}\n"
        f"{len(transcript.messages)} message(s), {complete}. Participants: {people}\n"
        "Times are UTC.\n\n"
    ).encode()
    for message in transcript.messages:
        yield entry(message).encode()


def entry(message: Message) -> str:
    marks = [name for name in ("edited", "deleted") if getattr(message, f"{name}_on")]
    mark = f" ({', '.join(marks)})" if marks else ""
    text = said(message, message_status(message)).replace("\n", f"\n{INDENT}")
    head = f"[{when(message.created_on)} #{one_line(message.id)}]"
    if is_system(message):
        return f"{head} * {text}{mark}\n"
    files = "".join(f"\n{INDENT}+ {one}" for one in attachments(message))
    earlier = "".join(
        f"\n{INDENT}was: " + said(message, one).replace("\n", f"\n{INDENT}     ")
        for one in message.versions
        if one is not message_status(message) and one.is_known
    )
    return f"{head} {name_of(message)}: {text}{mark}{files}{earlier}\n"
