r"""`transcript.md`: speaker, time and text per message, with an anchor by its id.

What people wrote is text, never markup: everything that Markdown or HTML could
interpret is escaped.
"""

import re
from collections.abc import Iterator
from html import escape
from itertools import pairwise

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

BLANKS = re.compile(r"^[ \t]+|(?<= ) +")
MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!&])|^(\s*)([-+=]|\d+[.)])", re.MULTILINE)


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "transcript.md", parts(transcript, names(transcript, options.people))


def parts(transcript: Transcript, called: Names) -> Iterator[bytes]:
    yield head(transcript, called).encode()
    day = None
    for message in transcript.messages:
        if message.created_on[:10] != day:
            day = message.created_on[:10]
            yield f"\n## {day or 'Day unknown'}\n".encode()
        yield entry(message, called).encode()


def head(transcript: Transcript, called: Names) -> str:
    people = "".join(
        f"- {literal(one_line(person.display_name) or 'no name')} "
        f"(`{one_line(person.id).replace('`', '')}`)\n"
        for person in transcript.participants
    )
    gaps = "".join(f"- {literal(one_line(gap.reason))}\n" for gap in transcript.gaps)
    more = "".join(
        f"- {literal(f'{label}: {words}')}\n"
        for label, words in about(transcript, called)
    )
    return (
        f"# {literal(title(transcript))}\n\n"
        f"Thread `{one_line(transcript.thread_id).replace('`', '')}`, "
        f"{plural(len(transcript.messages), 'message')}, "
        f"{literal(grade_in_words(transcript))}{erased_note(transcript)}. "
        "Times are UTC.\n\n"
        f"{gaps}\n**Participants**\n\n{people}"
        + (f"\n**Thread**\n\n{more}" if more else "")
    )


def entry(message: Message, called: Names) -> str:
    anchor = f'<a id="m-{escape(one_line(message.id))}"></a>'
    marks = [name for name in ("edited", "deleted") if getattr(message, f"is_{name}")]
    mark = f" · {', '.join(marks)}" if marks else ""
    read = version_to_read(message)
    text = display_text(message, read, called)
    otherwise = told_otherwise(message)
    differs = f"- {literal(otherwise)}\n" if otherwise else ""
    if message.is_system:
        note = f"\n{anchor}*{when(message.created_on)} · {literal(text)}*{mark}\n"
        return f"{note}\n{differs}" if differs else note
    files = "".join(
        f"- attached: {literal(attachment)}\n" for attachment in attachments(message)
    )
    earlier = "".join(
        f"- earlier: {literal(one_line(display_text(message, version, called)))}\n"
        for version in message.versions
        if version is not read and version.is_known
    )
    more = f"\n{files}{earlier}{differs}" if files or earlier or differs else ""
    return (
        f"\n{anchor}**{literal(called.sender(message))}** · "
        f"{when(message.created_on)[11:]}{mark}\n\n{quoted(text)}\n{more}"
    )


def quoted(text: str) -> str:
    """Return text as a quotation that keeps its lines and its blanks."""
    lines = [
        BLANKS.sub(lambda found: "&#32;" * len(found[0]), literal(line.rstrip()))
        for line in text.split("\n")
    ]
    # A backslash breaks the line; before an empty one the paragraph ends anyway.
    breaks = ["\\" if line and after else "" for line, after in pairwise([*lines, ""])]
    marked = zip(lines, breaks, strict=True)
    return "\n".join(f"> {line}{mark}".rstrip() for line, mark in marked)


def literal(text: str) -> str:
    """Return text that Markdown shows literally."""
    return MARKUP.sub(
        lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}{m[3][:-1]}\\{m[3][-1:]}", text
    )
