"""A thread cut into pages: which messages each has, and the links between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from shared.domain.thread.message import Message
from shared.domain.thread.transcript import Transcript

MOST_MESSAGES = 1_000
"""Of a page: a browser shows it at once, and it prints."""
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The pages of a thread, counted from 1.

    `months` has a link to the first day of each.
    """

    total: int
    most: int
    months: Mapping[str, str]

    @property
    def count(self) -> int:
        return max(1, -(-self.total // self.most))

    def places(self, number: int) -> slice:
        """Return which messages a page has."""
        return slice((number - 1) * self.most, number * self.most)

    def nav(self, number: int, label: str) -> str:
        """Return the links to the other pages; "" where there are none."""
        if self.count == 1:
            return ""
        links = (
            ("First", 1, number > 1),
            ("Previous", number - 1, number > 1),
            ("Next", number + 1, number < self.count),
            ("Last", self.count, number < self.count),
        )
        first, second, third, fourth = (
            f'<a href="{page_name(to)}">{words}</a>'
            if leads
            else f'<span aria-hidden="true">{words}</span>'
            for words, to, leads in links
        )
        return (
            f'<nav class="pages" aria-label="{label}">{first} {second} '
            f"<span>Page {number:,} of {self.count:,}: {self.words(number)}</span> "
            f"{third} {fourth}</nav>"
        )

    def words(self, number: int) -> str:
        """Return in words which messages a page has."""
        places = range(self.total)[self.places(number)]
        return f"messages {places.start + 1:,} to {places.stop:,} of {self.total:,}"


def page_name(number: int) -> str:
    return "transcript.html" if number == 1 else f"transcript.{number:04d}.html"


def page_of(ordinal: int) -> int:
    """Return the page of a message, given its place in its thread, from 0."""
    return ordinal // MOST_MESSAGES + 1


def plan(transcript: Transcript, most: int = MOST_MESSAGES) -> Pages:
    """Cut a thread into pages."""
    months = {
        month: f"{page_name(place // most + 1)}#{day_anchor(day)}"
        for month, (place, day) in transcript.tally.months.items()
    }
    return Pages(total=len(transcript.messages), most=most, months=months)


def day_of(message: Message) -> str:
    return message.created_on[:10]


def day_anchor(day: str, times: int = 1) -> str:
    """Return the id of a day in a page; a day may come again, as messages go by id."""
    return f"d-{escape(day or UNKNOWN)}" + (f"-{times}" if times > 1 else "")


def jump(pages: Pages, days: Mapping[str, str]) -> str:
    """Return links to months of the thread and days of a page; "" for a single day.

    `days` are those of the page, each with its anchor.
    """
    if len(days) < 2 and len(pages.months) < 2:  # noqa: PLR2004 - none to choose from
        return ""
    months = " ".join(
        f'<a href="{link}">{escape(month)}</a>' for month, link in pages.months.items()
    )
    on_page = " ".join(
        f'<a href="#{anchor}">{escape(day)}</a>' for day, anchor in days.items()
    )
    return (
        '<details class="jump"><summary>Jump to a month or a day</summary>'
        + (f"<p>Months: {months}</p>" if len(pages.months) > 1 else "")
        + f"<p>Days on this page: {on_page}</p></details>"
    )
