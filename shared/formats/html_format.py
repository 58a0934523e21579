"""`transcript.html`: self-contained pages for people, of up to 1,000 messages each.

Rule 1: no request leaves a page: its policy allows nothing but its own style and
        script, by their digests, and pictures that stand beside it in the archive. In
        a site all pages share one style and one script.
Rule 2: what people wrote is text. Only a message of type html is shown as HTML, after
        nh3 has removed everything but harmless tags.
Rule 3: everything can be read without the script, which searches, filters and shows
        local times.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby

from shared.domain.thread.message import Message
from shared.domain.thread.receipts import newest_receipts
from shared.domain.thread.transcript import Transcript
from shared.formats.held_files import is_shown
from shared.formats.html_foot import foot
from shared.formats.html_head import head, header, script, tools_for
from shared.formats.html_message import MessageFiles, article, files_by_message, note
from shared.formats.html_pages import (
    MOST_MESSAGES,
    Pages,
    day_anchor,
    day_of,
    jump,
    page_name,
    plan,
)
from shared.formats.names import Names, names
from shared.formats.one_line import readable
from shared.formats.part import Options, RenderedFile
from shared.formats.plain import when

NO_FILES = MessageFiles()
HUES = 12
ON_ITS_OWN = Options(place=None, is_copy=True)


def write(transcript: Transcript, options: Options) -> Iterator[RenderedFile]:
    thread = HtmlThread.of(transcript, names(transcript, options.people), options)
    for number in range(1, thread.pages.count + 1):
        yield page_name(number), thread.page(number)


def one_page(transcript: Transcript, called: Names) -> Iterator[bytes]:
    """Yield a single page with all messages, without any held file and any script."""
    most = max(1, len(transcript.messages))
    thread = HtmlThread.of(transcript, called, ON_ITS_OWN, most)
    return replace(thread, has_script=False).page(1)


def clean(text: str) -> bytes:
    """Return text as bytes; characters that a page must not contain are replaced."""
    return readable(text).encode()


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
class HtmlThread:
    """A thread to be written as pages, and what all of them need besides it."""

    transcript: Transcript
    names: Names
    options: Options
    pages: Pages
    files: Mapping[str, MessageFiles]
    read_by: Mapping[str, str]
    has_script: bool = True

    @classmethod
    def of(
        cls,
        transcript: Transcript,
        called: Names,
        options: Options,
        most: int = MOST_MESSAGES,
    ) -> "HtmlThread":
        """Prepare pages of at most so many messages each."""
        return cls(
            transcript=transcript,
            names=called,
            options=options,
            pages=plan(transcript, most),
            files=files_by_message(transcript.attachments, options.place),
            read_by=read_by_message(transcript, called),
        )

    def page(self, number: int) -> Iterator[bytes]:
        """Yield a page, counted from 1."""
        messages = self.transcript.messages[self.pages.places(number)]
        site = self.options.site
        shows = self.options.place is not None and any(
            map(is_shown, self.transcript.attachments)
        )
        on_page = f" · page {number}" if number > 1 else ""
        yield clean(
            head(
                self.transcript,
                name=on_page,
                site=site,
                shows_pictures=shows,
                has_script=self.has_script,
            )
            + header(
                self.transcript,
                self.names,
                site=site,
                insights=self.options.insights,
                jump=self.pages.nav(number, "Pages")
                + jump(self.pages, days_of(messages)),
                tools=tools_for(self.people_of(messages)) if self.has_script else "",
            )
        )
        yield b'<main id="messages" tabindex="-1">\n'
        yield from self.days(messages)
        yield b"</main>\n"
        yield clean(self.pages.nav(number, "Pages, again"))
        yield clean(foot(self.transcript, is_copy=self.options.is_copy))
        yield script(site, has_script=self.has_script).encode()

    def days(self, messages: Sequence[Message]) -> Iterator[bytes]:
        """Yield messages by day, those of one sender in a row together."""
        times = Counter[str]()
        for day, of_day in groupby(messages, day_of):
            times[day] += 1
            anchor = day_anchor(day, times[day])
            label = (
                f'<time datetime="{escape(day)}">{escape(day)}</time>'
                if day
                else "Day unknown"
            )
            yield clean(
                f'<section aria-labelledby="{anchor}"><h2 class="day" id="{anchor}">'
                f"{label}</h2>\n"
            )
            for (is_note, person, name), in_a_row in groupby(of_day, self.group_of):
                if is_note:
                    yield from (
                        clean(note(message, self.names)) for message in in_a_row
                    )
                else:
                    yield from self.group(person, name, in_a_row)
            yield b"</section>\n"

    def group_of(self, message: Message) -> tuple[bool, str, str]:
        """Return what messages in a row have in common: one sender, called one name."""
        return message.is_system, message.person, self.names.sender(message)

    def group(
        self, person: str, name: str, messages: Iterable[Message]
    ) -> Iterator[bytes]:
        """Yield the consecutive messages of one sender."""
        number = self.transcript.tally.senders[person]
        yield clean(
            f'<div class="group h{number % HUES}" data-by="{number}">'
            f'<div class="who" aria-hidden="true">'
            f'{escape(name[:1].upper())}</div><div class="said">'
            f"<h3><bdi>{escape(name)}</bdi></h3>\n"
        )
        for message in messages:
            files = self.files.get(message.id, NO_FILES)
            read_by = self.read_by.get(message.id, "")
            yield clean(article(message, files, self.names, read_by))
        yield b"</div></div>\n"

    def people_of(self, messages: Iterable[Message]) -> list[tuple[int, str]]:
        """Return who wrote some messages: number and name, by order of appearance."""
        numbers = self.transcript.tally.senders
        found = {
            numbers[message.person]: self.names.sender(message)
            for message in messages
            if not message.is_system
        }
        return sorted(found.items())


def days_of(messages: Iterable[Message]) -> dict[str, str]:
    """Return the days of messages, each with the anchor where it begins."""
    return {day: day_anchor(day) for day in map(day_of, messages) if day}
