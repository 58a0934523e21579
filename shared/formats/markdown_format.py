r"""`transcript.md`: speaker, time and text per message, with an anchor by its id.

What people wrote is text, never markup: everything that Markdown or html could take
for its own is escaped.
"""

import re
from collections.abc import Iterator
from html import escape

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

MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!&])|^(\s*)([-+=]|\d+[.)])", re.MULTILINE)


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "transcript.md", parts(transcript)


def parts(transcript: Transcript) -> Iterator[bytes]:
    yield head(transcript).encode()
    day = None
    for message in transcript.messages:
        if message.created_on[:10] != day:
            day = message.created_on[:10]
            yield f"\n## {day or 'Day unknown'}\n".encode()
        yield entry(message).encode()


def head(transcript: Transcript) -> str:
    people = "".join(
        f"- {literal(one_line(one.display_name) or 'no name')} "
        f"(`{one_line(one.id).replace('`', '')}`)\n"
        for one in transcript.participants
    )
    gaps = "".join(f"- {literal(one_line(one.reason))}\n" for one in transcript.gaps)
    state = "complete" if transcript.is_complete else "not known to be complete"
    return (
        f"# {literal(title(transcript))}\n\n"
        f"Thread `{one_line(transcript.thread_id).replace('`', '')}`, "
        f"{len(transcript.messages)} message(s), {state}. Times are UTC.\n\n"
        f"{gaps}\n**Participants**\n\n{people}"
    )


def entry(message: Message) -> str:
    anchor = f'<a id="m-{escape(one_line(message.id))}"></a>'
    marks = [name for name in ("edited", "deleted") if getattr(message, f"{name}_on")]
    mark = f" · {', '.join(marks)}" if marks else ""
    text = said(message, message_status(message))
    if is_system(message):
        return f"\n{anchor}*{when(message.created_on)} · {literal(text)}*{mark}\n"
    files = "".join(f"- attached: {literal(one)}\n" for one in attachments(message))
    earlier = "".join(
        f"- earlier: {literal(one_line(said(message, one)))}\n"
        for one in message.versions
        if one is not message_status(message) and one.is_known
    )
    more = f"\n{files}{earlier}" if files or earlier else ""
    return (
        f"\n{anchor}**{literal(name_of(message))}** · "
        f"{when(message.created_on)[11:]}{mark}\n\n{quoted(text)}\n{more}"
    )


def quoted(text: str) -> str:
    return "\n".join(f"> {literal(line)}  ".rstrip() for line in text.split("\n"))


def literal(text: str) -> str:
    """Return text that Markdown shows as it stands."""
    return MARKUP.sub(
        lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}{m[3][:-1]}\\{m[3][-1:]}", text
    )
