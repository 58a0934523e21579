"""`transcript.html`: one self-contained page for people.

Rule 1: no request leaves the page: its policy allows nothing but its own style and
        script, by their digests.
Rule 2: what people wrote is text. Only a message of type html is shown as HTML, after
        nh3 has removed everything but harmless tags.
Rule 3: everything can be read without the script, which only searches.
"""

import base64
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files as resources
from itertools import groupby

from shared.domain.thread.attachment import Attachment
from shared.domain.thread.transcript import (
    SPOKEN_TYPES,
    Change,
    Message,
    Participant,
    Transcript,
    Version,
)
from shared.domain.words import plural
from shared.formats.message_html import page_html
from shared.formats.part import Options, RenderedFile
from shared.formats.plain import (
    attachments,
    describe_change,
    erased_note,
    name_of,
    one_line,
    readable,
    title,
    told_otherwise,
    version_to_read,
    when,
)

HUES = 12


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "transcript.html", parts(transcript, linked=options.linked)


@cache
def asset(name: str) -> str:
    """Return the page's own style or script."""
    return resources("shared.formats.page").joinpath(name).read_text("utf-8")


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def parts(transcript: Transcript, *, linked: bool) -> Iterator[bytes]:
    yield clean(head(transcript))
    files: dict[str, dict[str, str]] = {}
    for file in transcript.attachments:
        key = file.url or str(file.number)  # an erased file no longer has an address
        files.setdefault(file.message_id, {})[key] = held(file, linked=linked)
    for day, messages in groupby(
        transcript.messages, lambda message: message.created_on[:10]
    ):
        label = day or "Day unknown"
        yield clean(
            f'<section aria-labelledby="d-{label}"><h2 class="day" id="d-{label}">'
            f'<time datetime="{day}">{label}</time></h2>\n'
        )
        for (is_note, sender, _), in_a_row in groupby(messages, group_of):
            if is_note:
                yield from (clean(note(message)) for message in in_a_row)
            else:
                yield from group(sender, list(in_a_row), files)
        yield b"</section>\n"
    yield b"</main>\n<footer><p>All times are UTC. "
    yield b"Built from the archive's own records; nothing is loaded.</p></footer>\n"
    yield f"<script>{asset('page.js')}</script>\n</body></html>\n".encode()


def clean(text: str) -> bytes:
    """Return text as bytes; characters that a page must not contain are replaced."""
    return readable(text).encode()


def head(transcript: Transcript) -> str:
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{digest(asset('page.css'))}'; "
        f"script-src 'sha256-{digest(asset('page.js'))}'"
    )
    name = escape(title(transcript))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">
<title>{name}</title>
<style>{asset("page.css")}</style></head><body>
<a class="skip" href="#messages">Skip to the messages</a>
<header><h1 dir="auto">{name}</h1>{badge(transcript)}
<p class="facts">{escape(facts(transcript))}</p>
<p id="search" hidden><label>Search <input type="search" autocomplete="off"></label>
<span role="status"></span></p>
{details(transcript)}</header>
<main id="messages" tabindex="-1">
"""


def badge(transcript: Transcript) -> str:
    if transcript.is_complete:
        note = erased_note(transcript)
        return f'<p class="badge good">Complete: every message was checked{note}</p>'
    reasons = "".join(f"<li>{escape(gap.reason)}</li>" for gap in transcript.gaps)
    unchecked = {
        name: count
        for name, count in transcript.outcomes.items()
        if count and name not in ("matched", "backfilled")
    }
    counted = "".join(
        f"<li>{plural(count, 'message')}: {name.replace('_', ' ')}</li>"
        for name, count in unchecked.items()
    )
    return (
        '<details class="badge fair"><summary>Not known to be complete'
        f"{erased_note(transcript)}</summary>"
        f"<ul>{reasons}{counted}</ul></details>"
    )


def facts(transcript: Transcript) -> str:
    tally = transcript.tally
    return (
        f"{plural(len(transcript.messages), 'message')}, "
        f"{tally.baseline.edited} edited, "
        f"{tally.baseline.deleted} deleted · "
        f"created {when(transcript.created_on)}"
        + (f" · deleted {when(transcript.deleted_on)}" if transcript.deleted_on else "")
    )


def details(transcript: Transcript) -> str:
    people = "".join(
        f'<tr><th scope="row"><bdi>{escape(one_line(person.display_name) or "no name")}'
        f"</bdi></th><td><code>{escape(one_line(person.id))}</code></td>"
        f"<td>{stays(person)}</td></tr>"
        for person in transcript.participants
    )
    topics = "".join(
        f'<li>{when(change.on)}: <bdi dir="auto">{escape(set_to(change))}</bdi></li>'
        for change in transcript.topics
    )
    return (
        "<details><summary>Participants and topics</summary><table><thead><tr>"
        '<th scope="col">Name</th><th scope="col">Id</th><th scope="col">History</th>'
        f"</tr></thead><tbody>{people}</tbody></table><ul>{topics}</ul>"
        f"<p>Thread <code>{escape(one_line(transcript.thread_id))}</code></p></details>"
    )


def set_to(change: Change) -> str:
    if change.topic is None:
        return "other properties changed"
    return one_line(change.topic) or "no topic"


def stays(participant: Participant) -> str:
    """Return when somebody joined and left, and from when on they see the thread."""
    words = [
        f"{change.kind.removeprefix('participant_')} {when(change.on)}"
        for change in participant.history
    ]
    if participant.share_history_time > "1971":
        words.append(f"sees it from {when(participant.share_history_time)}")
    return "; ".join(words)


def group_of(message: Message) -> tuple[bool, str, str]:
    return message.is_system, message.sender_id, name_of(message)


def group(
    sender: str, messages: list[Message], files: Mapping[str, Mapping[str, str]]
) -> Iterator[bytes]:
    """Yield the consecutive messages of one sender."""
    name = name_of(messages[0])
    hue = zlib.crc32(sender.encode("utf-8", "replace")) % HUES
    yield clean(
        f'<div class="group h{hue}"><div class="who" aria-hidden="true">'
        f'{escape(name[:1].upper())}</div><div class="said">'
        f"<h3><bdi>{escape(name)}</bdi></h3>\n"
    )
    for message in messages:
        yield clean(article(message, files.get(message.id, {})))
    yield b"</div></div>\n"


def differs(message: Message) -> str:
    otherwise = told_otherwise(message)
    return (
        f'<p class="mark differs" dir="auto">{escape(otherwise)}</p>'
        if otherwise
        else ""
    )


def note(message: Message) -> str:
    text = "erased on request" if message.current.erased else describe_change(message)
    return (
        f'<p class="note" id="{anchor(message)}"><bdi dir="auto">{escape(text)}</bdi> '
        f"<small>{when(message.created_on)[11:16]}</small></p>{differs(message)}\n"
    )


def anchor(message: Message) -> str:
    return f"m-{escape(one_line(message.id))}"


def article(message: Message, files: Mapping[str, str]) -> str:
    current = version_to_read(message)
    classes = "msg" + (" deleted" if message.is_deleted else "")
    time = escape(message.created_on)
    named = [
        f"<li>{escape(attachment)}</li>" for attachment in attachments(message, files)
    ]
    attached = "".join([*named, *files.values()])
    return (
        f'<article class="{classes}" id="{anchor(message)}">'
        f'<a class="at" href="#{anchor(message)}"><time datetime="{time}" '
        f'title="{time}">{when(message.created_on)[11:16]}</time></a>'
        f'<div class="text" dir="auto">{body(message, current)}</div>'
        + (f'<ul class="files">{attached}</ul>' if attached else "")
        + history(message, current)
        + differs(message)
        + "</article>\n"
    )


def held(file: Attachment, *, linked: bool) -> str:
    """Return where the archive holds a message's file, or why it does not."""
    name = escape(one_line(file.name) or f"file {file.number}")
    if file.erased:
        return "<li><em>file erased on request</em></li>"
    if not file.is_held:
        return f"<li><bdi>{name}</bdi>: not held: {escape(file.reason)}</li>"
    about = escape(one_line(f"{file.content_type}, {file.bytes} bytes"))
    label = f"<bdi>{name}</bdi>"
    if linked:
        at = f"../rev={file.revision:04d}/attachments/{file.stored}"
        label = f'<a href="{at}" download="{name}">{label}</a>'
    digest = f"<code>{file.stored[:16]}…</code>"
    return f"<li>{label} ({about}), SHA-256 {digest}</li>"


def body(message: Message, version: Version) -> str:
    if version.erased:
        return "<em>erased on request</em>"
    if version.content is None:
        return "<em>content not known</em>"
    text = version.content.get("message")
    text = readable(text) if isinstance(text, str) else ""
    is_known = message.type in SPOKEN_TYPES
    mark = "" if is_known else f"<em>[{escape(one_line(message.type))}]</em> "
    if not message.is_html:
        return mark + escape(text).replace("\n", "<br>")
    return mark + page_html(text)


def history(message: Message, current: Version) -> str:
    """Return the edit and deletion marks of a message, and its other versions."""
    marks = []
    if message.is_edited:
        marks.append(f"edited {when(message.edited_on)}")
    if message.is_deleted:
        marks.append(f"deleted {when(message.deleted_on)}")
    if not marks:
        return ""
    others = "".join(
        f"<li><small>{when(version.on)}, {version.kind}, "
        f"by {escape(one_line(version.by))}</small>"
        f'<div dir="auto">{body(message, version)}</div></li>'
        for version in message.versions
        if version is not current and version.is_known
    )
    label = escape(", ".join(marks))
    if not others:
        return f'<p class="mark">{label}</p>'
    count = sum(version.is_known for version in message.versions)
    versions = plural(count, "version")
    return (
        f'<details class="mark"><summary>{label} · {versions}</summary>'
        f"<ol>{others}</ol></details>"
    )
