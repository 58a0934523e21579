"""The pages of a site besides its threads: templates that are filled in.

Rule 1: what people wrote is escaped by the template, or stands in a data file as JSON.
Rule 2: a site asks nobody for anything: scripts and styles are files beside its pages.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files as resources
from typing import TYPE_CHECKING

from shared.domain.words import plural
from shared.formats.about import GRADES
from shared.formats.html_head import SCRIPT, SITE_POLICY, STYLE, asset
from shared.formats.one_line import one_line, readable
from shared.ports.archive_index import Unread
from shared.ports.indexed import Person, ThreadFacts

if TYPE_CHECKING:
    from jinja2 import Template

VIEW_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; img-src 'self'; "
    "style-src 'self'; script-src 'self'; connect-src 'self'"
)
"""Of a page that a server gives: it may ask that server."""
ROWS_PER_FILE = 4_000
ROWS_PER_LIST = 500
NAMES_SHOWN = 6
SEEN = "LNPS"
"""Categories of characters that print: letters, numbers, punctuation, symbols."""
OWN = ("site.css", "site.js")
GRADE_NAMES = (*GRADES,)
GRADE_LABELS = tuple(words.partition(":")[0] for words in GRADES.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAbout:
    """What a site says of itself: how much it holds, and as of which ledger head.

    A view is made while somebody looks; `live` is the address of the page that shows
    events, where there is one.
    """

    thread_count: int
    message_count: int
    people_count: int
    ledger_lines: int
    root: str
    built_on: str
    unread: Sequence[Unread] = ()
    is_view: bool = False
    live: str = ""
    grades: Sequence[tuple[str, str]] = field(
        default=tuple(zip(GRADE_NAMES, GRADE_LABELS, strict=True))
    )

    @property
    def threads(self) -> str:
        return plural(self.thread_count, "thread")

    @property
    def messages(self) -> str:
        return plural(self.message_count, "message")

    @property
    def people(self) -> str:
        return "1 person" if self.people_count == 1 else f"{self.people_count} people"

    @property
    def lines(self) -> str:
        return plural(self.ledger_lines, "line")

    @property
    def day(self) -> str:
        return self.built_on[:10]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteThread:
    """A thread as a site lists it; `key` names its folder."""

    key: str
    facts: ThreadFacts


def fixed_files() -> Iterator[tuple[str, bytes]]:
    """Yield the styles and scripts that every site has."""
    for name in (STYLE, SCRIPT):
        yield name, asset(name).encode()
    for name in OWN:
        yield name, own(name).encode()


def index_page(
    about: SiteAbout, data: Sequence[str], policy: str = SITE_POLICY
) -> bytes:
    """Return `index.html`; `data` are the names of the data files."""
    text = template("index.html").render(about=about, data=data, policy=policy)
    return readable(text).encode()


def data_files(
    threads: Sequence[SiteThread], people: Sequence[Person]
) -> Iterator[tuple[str, bytes]]:
    """Yield the files that the script reads, each below 1 MB."""
    numbers = {person: number for number, person in enumerate(people)}
    rows = [[person.raw_id, one_line(person.shown)] for person in people]
    yield from registered("people", rows)
    yield from registered("threads", [row_of(thread, numbers) for thread in threads])


def registered(name: str, rows: Sequence[object]) -> Iterator[tuple[str, bytes]]:
    for number, start in enumerate(range(0, len(rows), ROWS_PER_FILE), start=1):
        part = rows[start : start + ROWS_PER_FILE]
        yield (
            f"data/{name}.{number}.js",
            f'ChatSite.add("{name}",{literal(part)})'.encode(),
        )


def literal(value: object) -> str:
    """Return a value as a script can have it; lone surrogates are replaced."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return text.encode("utf-8", "replace").decode()


def row_of(thread: SiteThread, numbers: Mapping[Person, int]) -> list[object]:
    facts = thread.facts
    return [
        thread.key,
        facts.thread_id,
        topic_of(facts),
        [numbers[person] for person in facts.people],
        day(facts.first_message_on),
        day(facts.last_message_on),
        facts.message_count,
        facts.edited_count,
        facts.deleted_count,
        GRADE_NAMES.index(facts.grade) if facts.grade in GRADE_NAMES else -1,
    ]


def topic_of(facts: ThreadFacts) -> str:
    """Return a topic to be clicked; "" where there would be nothing to see."""
    topic = one_line(facts.topic)
    is_seen = any(unicodedata.category(each)[0] in SEEN for each in topic)
    return topic if is_seen else ""


def day(time: str) -> str:
    return time[:16].replace("T", " ")


def list_pages(threads: Sequence[SiteThread]) -> Iterator[tuple[str, bytes]]:
    """Yield all threads as plain pages, newest first, for a browser without scripts."""
    newest = sorted(threads, key=lambda each: each.facts.last_message_on, reverse=True)
    count = max(1, -(-len(newest) // ROWS_PER_LIST))
    for number in range(1, count + 1):
        part = newest[(number - 1) * ROWS_PER_LIST : number * ROWS_PER_LIST]
        text = template("list.html").render(
            number=number,
            last=count,
            rows=[listed(thread) for thread in part],
            policy=SITE_POLICY,
        )
        yield f"list/{number:04d}.html", readable(text).encode()


def listed(thread: SiteThread) -> dict[str, object]:
    facts = thread.facts
    names = list(
        dict.fromkeys(
            one_line(person.shown or person.raw_id) for person in facts.people
        )
    )
    shown = ", ".join(names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return {
        "key": thread.key,
        "title": topic_of(facts) or shown or facts.thread_id,
        "people": f"{shown} and {more} more" if more > 0 else shown,
        "first": day(facts.first_message_on),
        "last": day(facts.last_message_on),
        "count": facts.message_count,
        "grade": GRADES.get(facts.grade, facts.grade).partition(":")[0],
    }


@cache
def template(name: str) -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(own(name))


@cache
def own(name: str) -> str:
    return (
        resources("shared.usecases.reading.site.assets")
        .joinpath(name)
        .read_text("utf-8")
    )


def people_in(threads: Iterable[SiteThread]) -> list[Person]:
    """Return everybody whom threads name, each once, in the order of the threads."""
    return list(
        dict.fromkeys(person for thread in threads for person in thread.facts.people)
    )
