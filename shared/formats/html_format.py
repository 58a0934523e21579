"""`transcript.html`: one self-contained page for people.

Rule 1: no request leaves the page: its policy allows nothing but its own style and
        script, by their digests, and pictures that stand beside it in the archive.
Rule 2: what people wrote is text. Only a message of type html is shown as HTML, after
        nh3 has removed everything but harmless tags.
Rule 3: everything can be read without the script, which only searches.
"""

import base64
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files as resources
from itertools import groupby

from shared.domain.thread.message import CHECKED, Message
from shared.domain.thread.receipts import newest_receipts
from shared.domain.thread.transcript import Change, Participant, Transcript
from shared.domain.words import plural
from shared.formats.about import about, grade_in_words
from shared.formats.held_files import Place, is_shown
from shared.formats.html_message import MessageFiles, article, files_by_message, note
from shared.formats.names import Names, names
from shared.formats.one_line import one_line, readable
from shared.formats.part import Options, RenderedFile
from shared.formats.plain import erased_note, title, when

NO_FILES = MessageFiles()
HUES = 12


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    yield "transcript.html", parts(transcript, names(transcript), options.place)


@cache
def asset(name: str) -> str:
    """Return the page's own style or script."""
    return resources("shared.formats.page").joinpath(name).read_text("utf-8")


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def parts(
    transcript: Transcript, called: Names, place: Place | None
) -> Iterator[bytes]:
    """Yield the page; `place` says where held files stand, None that none is there."""
    page = Page(
        names=called,
        files=files_by_message(transcript.attachments, place),
        read_by=read_by_message(transcript, called),
    )
    shows = place is not None and any(map(is_shown, transcript.attachments))
    yield clean(head(transcript, called, shows_pictures=shows))
    days = groupby(transcript.messages, lambda message: message.created_on[:10])
    for number, (day, messages) in enumerate(days, start=1):
        label = day or "Day unknown"  # and it may come again: messages go by their ids
        yield clean(
            f'<section aria-labelledby="d-{number}"><h2 class="day" id="d-{number}">'
            f'<time datetime="{day}">{label}</time></h2>\n'
        )
        for (is_note, sender, name), in_a_row in groupby(messages, page.group_of):
            if is_note:
                yield from (clean(note(message, called)) for message in in_a_row)
            else:
                yield from page.group(sender, name, in_a_row)
        yield b"</section>\n"
    yield b"</main>\n<footer><p>All times are UTC. "
    yield b"Built from the archive's own records; "
    yield b"nothing is loaded from elsewhere.</p></footer>\n"
    yield f"<script>{asset('page.js')}</script>\n</body></html>\n".encode()


def clean(text: str) -> bytes:
    """Return text as bytes; characters that a page must not contain are replaced."""
    return readable(text).encode()


def head(transcript: Transcript, called: Names, *, shows_pictures: bool) -> str:
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        + ("img-src 'self'; " if shows_pictures else "")
        + f"style-src 'sha256-{digest(asset('page.css'))}'; "
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
{details(transcript, called)}</header>
<main id="messages" tabindex="-1">
"""


def badge(transcript: Transcript) -> str:
    grade = grade_in_words(transcript)
    label = f"{escape(grade[:1].upper() + grade[1:])}{erased_note(transcript)}"
    if transcript.is_complete:
        return f'<p class="badge good">{label}</p>'
    reasons = "".join(f"<li>{escape(gap.reason)}</li>" for gap in transcript.gaps)
    unchecked = {
        name: count
        for name, count in transcript.outcomes.items()
        if count and name not in CHECKED
    }
    counted = "".join(
        f"<li>{plural(count, 'message')}: {name.replace('_', ' ')}</li>"
        for name, count in unchecked.items()
    )
    return (
        f'<details class="badge fair"><summary>{label}</summary>'
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


def details(transcript: Transcript, called: Names) -> str:
    people = "".join(
        f'<tr><th scope="row"><bdi>{escape(one_line(person.display_name) or "no name")}'
        f"</bdi></th><td><code>{escape(one_line(person.id))}</code></td>"
        f"<td>{escape(stays(person))}</td></tr>"
        for person in transcript.participants
    )
    topics = "".join(
        f'<li>{when(change.on)}: <bdi dir="auto">{escape(set_to(change))}</bdi></li>'
        for change in transcript.topics
    )
    more = "".join(
        f'<dt>{escape(label)}</dt><dd dir="auto">{escape(words)}</dd>'
        for label, words in about(transcript, called)
    )
    return (
        "<details><summary>Participants, topics and more</summary><table><thead><tr>"
        '<th scope="col">Name</th><th scope="col">Id</th><th scope="col">History</th>'
        f"</tr></thead><tbody>{people}</tbody></table><ul>{topics}</ul>"
        + (f"<dl>{more}</dl>" if more else "")
        + f"<p>Thread <code>{escape(one_line(transcript.thread_id))}</code></p>"
        "</details>"
    )


def set_to(change: Change) -> str:
    if change.topic is None:
        return "metadata changed" if change.metadata else "other properties changed"
    return one_line(change.topic) or "no topic"


def stays(participant: Participant) -> str:
    """Return when somebody joined and left, what they see, and their metadata."""
    words = [
        f"{change.kind.removeprefix('participant_')} {when(change.on)}"
        for change in participant.history
    ]
    if participant.share_history_time > "1971":
        words.append(f"sees it from {when(participant.share_history_time)}")
    words += [
        f"{one_line(key)}: {one_line(str(value))}"
        for key, value in sorted(participant.metadata.items())
    ]
    return "; ".join(words)


def read_by_message(transcript: Transcript, called: Names) -> dict[str, str]:
    """Return who had read up to a message, and when, by the message's id."""
    readers: dict[str, list[str]] = {}
    for receipt in newest_receipts(transcript.receipts):
        who = called.of(receipt.reader_id) or "somebody"
        said = f"{who} ({when(receipt.read_on)})"
        readers.setdefault(receipt.message_id, []).append(said)
    return {
        message: f"read up to here by {', '.join(people)}"
        for message, people in readers.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the messages of a page need besides themselves."""

    names: Names
    files: Mapping[str, MessageFiles]
    read_by: Mapping[str, str]

    def group_of(self, message: Message) -> tuple[bool, str, str]:
        """Return what messages in a row have in common: one sender, called one name."""
        return message.is_system, message.sender_id, self.names.sender(message)

    def group(
        self, sender: str, name: str, messages: Iterable[Message]
    ) -> Iterator[bytes]:
        """Yield the consecutive messages of one sender."""
        hue = zlib.crc32(sender.encode("utf-8", "replace")) % HUES
        yield clean(
            f'<div class="group h{hue}"><div class="who" aria-hidden="true">'
            f'{escape(name[:1].upper())}</div><div class="said">'
            f"<h3><bdi>{escape(name)}</bdi></h3>\n"
        )
        for message in messages:
            files = self.files.get(message.id, NO_FILES)
            yield clean(article(message, files, self.read_by.get(message.id, "")))
        yield b"</div></div>\n"
