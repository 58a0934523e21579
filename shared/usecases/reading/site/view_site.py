"""The pages of a site, made while somebody looks: from the index and the archive.

Nothing is written. Pages of the threads that were looked at last are kept in memory,
since reading a long thread takes a while.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain

from shared.domain.errors import IntegrityError
from shared.domain.insights.insights import Insights
from shared.domain.people import PeopleDirectory
from shared.domain.search.query import parse_query
from shared.domain.thread.messages import message_order
from shared.formats.site_search.writer import engine_files
from shared.ports.archive_index import NO_FILTER, Filter, Hit, IndexReader
from shared.ports.archive_store import ArchiveFiles
from shared.ports.indexed import Person
from shared.usecases.insights.show import ShowInsights
from shared.usecases.reading.raw_thread import load
from shared.usecases.reading.site.build_site import INDEX, THREADS
from shared.usecases.reading.site.insight_pages import InsightPages
from shared.usecases.reading.site.pages import (
    VIEW_POLICY,
    SiteAbout,
    SiteThread,
    data_files,
    fixed_files,
    index_page,
    list_pages,
    own,
    people_in,
)
from shared.usecases.reading.site.search_files import FOLDER
from shared.usecases.reading.site.thread_pages import (
    INSIGHTS_PAGE,
    ThreadPages,
    render_apart,
)

MOST_BYTES = 64 * 1024 * 1024
"""Of pages that are kept."""
MOST_COUNTED = 1_000_000
ENGINE = f"{FOLDER}engine.js"


@dataclass(slots=True, kw_only=True)
class Asked:
    """What a page searches for: numbers of its lists, and times in milliseconds."""

    words: str
    person: list[int] | None = None
    after: int | None = None
    before: int | None = None
    edited: bool = False
    deleted: bool = False
    files: bool = False
    limit: int = 50
    offset: int = 0


@dataclass(kw_only=True)
class ViewSite:
    """The files of a site, by their paths. `live` is where a live page is, or ""."""

    archive: ArchiveFiles
    index: IndexReader
    live: str = ""
    insights: ShowInsights | None = None
    rendered: OrderedDict[tuple[str, bool], ThreadPages] = field(
        default_factory=OrderedDict
    )
    rendering: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    @cached_property
    def threads(self) -> list[SiteThread]:
        states = self.index.states()
        return [
            SiteThread(key=states[facts.thread_id].thread_key, facts=facts)
            for facts in self.index.threads(NO_FILTER)
        ]

    @cached_property
    def known(self) -> PeopleDirectory:
        """The directory of people."""
        return self.index.directory()

    @cached_property
    def people(self) -> list[Person]:
        return people_in(self.threads)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number of each thread, by its id."""
        return {each.facts.thread_id: at for at, each in enumerate(self.threads)}

    @cached_property
    def ids(self) -> Mapping[str, str]:
        """The id of each thread, by its key."""
        return {each.key: each.facts.thread_id for each in self.threads}

    @cached_property
    def shared(self) -> Mapping[str, bytes]:
        """The files that stand for all threads."""
        data = dict(data_files(self.threads, self.people))
        about = SiteAbout(
            thread_count=len(self.threads),
            message_count=sum(each.facts.message_count for each in self.threads),
            people_count=len({each.raw_id or each.name for each in self.people}),
            ledger_lines=self.index.about.size,
            root=self.index.about.root,
            built_on=self.index.about.built_on,
            unread=self.index.unread(),
            is_view=True,
            live=self.live,
        )
        files = dict(chain(fixed_files(), data.items(), list_pages(self.threads)))
        files[INDEX] = index_page(about, [*data], VIEW_POLICY)
        for name, content in engine_files():
            files[FOLDER + name] = content
        files[ENGINE] += own("ask_server.js").encode()
        return files

    async def said_of(self, path: str) -> Insights | None:
        """Return what a model says of the thread that a path is in; None for nothing.

        It waits and then asks the index, which nobody may close meanwhile.

        Raises:
            Transient: where that is kept cannot be reached.

        """
        thread_id, _ = self.place_in(path)
        if self.insights is None or not thread_id:
            return None
        return await self.insights(thread_id)

    def place_in(self, path: str) -> tuple[str, str]:
        """Return the thread that a path is in, and the name there; "" for none."""
        if not path.startswith(THREADS):
            return "", path
        key, _, name = path.removeprefix(THREADS).partition("/")
        return self.ids.get(key, ""), name

    async def file(self, path: str, said: Insights | None = None) -> bytes | None:
        """Return a file of the site; None where it has none of that name.

        `said` is what a model says of the thread that the path is in.

        Raises:
            IntegrityError: the archive cannot be read there.
            Transient: the archive cannot be reached.

        """
        if not path.startswith(THREADS):
            return self.shared.get(path or INDEX)
        thread_id, name = self.place_in(path)
        if not thread_id:
            return None
        if name == INSIGHTS_PAGE:
            return InsightPages(self.index).page(said) if said else None
        return await self.thread_file(thread_id, name, has_insights=said is not None)

    async def thread_file(
        self, thread_id: str, name: str, *, has_insights: bool
    ) -> bytes | None:
        async with self.rendering[thread_id]:  # whoever asks again waits for the first
            pages = await self.pages(thread_id, has_insights=has_insights)
        for page, data in pages.pages:
            if page == name:
                return data
        held = dict(pages.held).get(name)
        return await self.archive.read(held) if held else None

    async def pages(self, thread_id: str, *, has_insights: bool) -> ThreadPages:
        """Return a thread's pages, as the index knows it: another one is another site.

        Raises:
            IntegrityError: it cannot be read.

        """
        key = (thread_id, has_insights)
        found = self.rendered.pop(key, None)
        if found is None:
            raw = await load(self.archive, thread_id, self.known)
            # A long thread takes a while, and other pages are not to wait for it.
            found = await asyncio.to_thread(render_apart, raw, has_insights)
            if found.failure:
                raise IntegrityError(f"{thread_id}: {found.failure}")
        self.rendered[key] = found
        sizes = [
            sum(len(data) for _, data in each.pages) for each in self.rendered.values()
        ]
        while sum(sizes) > MOST_BYTES and len(sizes) > 1:
            self.rendered.popitem(last=False)
            sizes.pop(0)
        return found

    # Search

    def find(self, asked: Asked) -> dict[str, object]:
        """Return what the page's search shows: as the search of a site does.

        Raises:
            NoQuery: that cannot be searched for.

        """
        chosen = Filter(
            senders=self.senders(asked.person),
            after=moment(asked.after),
            before=moment(asked.before),
            is_edited=asked.edited,
            is_deleted=asked.deleted,
            has_files=asked.files,
        )
        is_list = not asked.words.strip() and chosen != NO_FILTER
        query = None if is_list else parse_query(asked.words)
        hits = self.index.search(query, chosen, asked.limit, asked.offset)
        return {
            "count": self.index.count(query, chosen, MOST_COUNTED),
            "hits": [self.row(hit) for hit in hits],
        }

    def senders(self, numbers: list[int] | None) -> tuple[Person, ...] | None:
        if numbers is None:
            return None
        return tuple(self.people[at] for at in numbers if 0 <= at < len(self.people))

    def row(self, hit: Hit) -> dict[str, object]:
        message, people = hit.message, self.person_numbers
        return {
            "thread": self.numbers[hit.thread_id],
            "ordinal": self.place(hit),
            "id": message.message_id,
            "time": message.number,
            "sender": people.get(message.sender, -1),
            "texts": [message.text, *message.earlier_texts],
        }

    @cached_property
    def person_numbers(self) -> Mapping[Person, int]:
        return {person: number for number, person in enumerate(self.people)}

    @cached_property
    def places(self) -> dict[str, dict[str, int]]:
        return {}

    def place(self, hit: Hit) -> int:
        """Return a message's place in the pages of its thread."""
        known = self.places.get(hit.thread_id)
        if known is None:
            ids = sorted(self.index.message_ids(hit.thread_id), key=message_order)
            known = self.places[hit.thread_id] = {
                each: at for at, each in enumerate(ids)
            }
        return known[hit.message.message_id]


def moment(milliseconds: int | None) -> datetime | None:
    """Return a time; raise OverflowError where no calendar has it."""
    if milliseconds is None:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
