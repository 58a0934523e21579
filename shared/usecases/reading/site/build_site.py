"""Build a site, or bring it up to date: only what changed is rendered and written.

Rule 1: a site is derived from an index and its archive, and says of which ledger head
        it is; nothing is kept of a thread that the index does not have any more. (P12)
Rule 2: the state is written last. A build that was killed leaves one that is not
        finished, and the next one writes everything.
Rule 3: the search is built anew from every text: nothing that was erased stays in it.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from shared.domain.errors import IntegrityError
from shared.formats.html_pages import page_name
from shared.ports.archive_index import (
    NO_FILTER,
    IndexReader,
    Unread,
)
from shared.ports.archive_store import ArchiveFiles
from shared.ports.indexed import Person
from shared.ports.site_folder import UNFINISHED, SiteFolder
from shared.usecases.insights.show import ShowInsights
from shared.usecases.reading.build_index import in_turn
from shared.usecases.reading.raw_thread import load
from shared.usecases.reading.read_ahead import read_ahead
from shared.usecases.reading.site.insight_pages import InsightPages
from shared.usecases.reading.site.pages import (
    SiteAbout,
    SiteThread,
    data_files,
    fixed_files,
    index_page,
    list_pages,
    people_in,
)
from shared.usecases.reading.site.search_files import search_files
from shared.usecases.reading.site.site_state import (
    STATE_FILE,
    BuiltThread,
    NotASite,
    SiteState,
    read_state,
)
from shared.usecases.reading.site.site_writing import BuiltSite, Writing
from shared.usecases.reading.site.thread_pages import (
    INSIGHTS_PAGE,
    RenderThread,
    ThreadPages,
    render_thread,
)

MANY = 50
"""Threads from which on it takes long to render them."""
THREADS = "threads/"
INDEX = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSite:
    """Writes the site of the threads that an index has.

    `archive_name` tells archives apart; `on_thread` takes how many are done, and of
    all; `render_long` returns what renders many threads, in processes of their own.
    """

    archive: ArchiveFiles
    archive_name: str
    index: IndexReader
    target: SiteFolder
    built_on: str
    on_thread: Callable[[int, int], None] = lambda done, total: None  # noqa: ARG005
    render_long: Callable[[], RenderThread] = lambda: render_thread
    insights: ShowInsights | None = None

    async def __call__(self) -> BuiltSite:
        """Build.

        Raises:
            NotASite: the folder holds something else, or the site of another archive.
            Transient: the archive cannot be reached; the next build goes on.

        """
        there = {file.path: file.size async for file in self.target.walk()}
        writing = Writing(self.target, there)
        before = await self.state(there)
        threads = self.threads()
        insights = await self.insight_pages(threads)
        states = self.states(threads, insights)
        same = self.same(before, states, there)
        await self.note(writing, before.threads, is_finished=False)
        failures = await self.render(threads, same, insights, writing)
        threads = [each for each in threads if each.facts.thread_id not in failures]
        unread = [*self.index.unread(), *failures.values()]
        await self.write_shared(threads, unread, writing)
        await writing.remove_others(
            {
                f"{THREADS}{each.key}/"
                for each in threads
                if each.facts.thread_id in same
            }
        )
        built = writing.built
        # The states from before anything was read: what changed meanwhile comes next.
        done = {each.facts.thread_id: states[each.facts.thread_id] for each in threads}
        for thread_id in built.incomplete:
            del done[thread_id]
        await self.note(writing, done, is_finished=True)
        built.threads = len(threads)
        built.messages = sum(each.facts.message_count for each in threads)
        # Of a thread that only the ledger names, the id may not be known.
        built.failures += [
            f"{each.thread_id}: {each.reason}".removeprefix(": ") for each in unread
        ]
        return built

    async def state(self, there: Mapping[str, int]) -> SiteState:
        """Return what the folder holds; a new state for an empty one."""
        new = SiteState(archive=self.archive_name)
        if all(path.startswith(UNFINISHED) for path in there):
            return new
        if STATE_FILE not in there:
            raise NotASite(
                "the folder holds something else: choose an empty or new one"
            )
        found = read_state(await self.target.read(STATE_FILE))
        if found.archive != self.archive_name:
            raise NotASite(
                "the folder holds the site of another archive: choose another"
            )
        return found

    def same(
        self,
        before: SiteState,
        states: Mapping[str, BuiltThread],
        there: Mapping[str, int],
    ) -> set[str]:
        """Return the threads whose pages are there as they should be."""
        return {
            thread_id
            for thread_id in before.unchanged(states)
            if f"{THREADS}{states[thread_id].thread_key}/{page_name(1)}" in there
        }

    def threads(self) -> list[SiteThread]:
        """Return the threads, those first that began first: so few numbers change."""
        states = self.index.states()
        found = [
            SiteThread(key=states[facts.thread_id].thread_key, facts=facts)
            for facts in self.index.threads(NO_FILTER)
        ]
        return sorted(
            found, key=lambda each: (each.facts.first_message_on, each.facts.thread_id)
        )

    async def insight_pages(self, threads: Iterable[SiteThread]) -> dict[str, bytes]:
        """Return the page of what a model said of a thread, by the thread's id."""
        if self.insights is None:
            return {}
        known = {each.facts.thread_id for each in threads}
        pages = InsightPages(self.index)
        return {
            thread_id: pages.page(shown)
            async for thread_id in self.insights.kept.threads()
            if thread_id in known and (shown := await self.insights(thread_id))
        }

    def states(
        self, threads: Iterable[SiteThread], insights: Mapping[str, bytes]
    ) -> dict[str, BuiltThread]:
        known = self.index.states()
        digests = {
            thread_id: hashlib.sha256(page).hexdigest()
            for thread_id, page in insights.items()
        }
        return {
            thread_id: BuiltThread(
                thread_key=known[thread_id].thread_key,
                ledger_lines=known[thread_id].ledger_lines,
                insights=digests.get(thread_id, ""),
            )
            for thread_id in (each.facts.thread_id for each in threads)
        }

    async def note(
        self,
        writing: Writing,
        threads: Mapping[str, BuiltThread],
        *,
        is_finished: bool,
    ) -> None:
        state = SiteState(
            archive=self.archive_name, threads=threads, is_finished=is_finished
        )
        await writing.put(STATE_FILE, state.stored)

    async def render(
        self,
        threads: Iterable[SiteThread],
        same: set[str],
        insights: Mapping[str, bytes],
        writing: Writing,
    ) -> dict[str, Unread]:
        """Write the pages of the threads that changed; return those that failed."""
        keys = {each.facts.thread_id: each.key for each in threads}
        wanted = [thread_id for thread_id in keys if thread_id not in same]
        render = self.render_long() if len(wanted) >= MANY else render_thread
        failures: dict[str, Unread] = {}
        known = self.index.directory()

        async def read_one(thread_id: str) -> ThreadPages:
            try:
                raw = await load(self.archive, thread_id, known)
            except IntegrityError as error:
                return ThreadPages(thread_id, failure=str(error))
            return await render(raw, thread_id in insights)

        self.on_thread(0, len(wanted))
        done = 0
        async for pages in read_ahead(in_turn(wanted), read_one):
            thread_id = pages.thread_id
            if not pages.failure:
                await self.write_thread(keys[thread_id], pages, writing)
                if page := insights.get(thread_id):
                    await writing.put(
                        f"{THREADS}{keys[thread_id]}/{INSIGHTS_PAGE}", page
                    )
            else:
                failures[thread_id] = Unread(thread_id=thread_id, reason=pages.failure)
            done += 1
            self.on_thread(done, len(wanted))
        return failures

    async def write_thread(
        self, key: str, pages: ThreadPages, writing: Writing
    ) -> None:
        folder = f"{THREADS}{key}/"
        for name, data in pages.pages:
            await writing.put(folder + name, data)
        for place, path in pages.held:
            if not await writing.copy(folder + place, self.archive, path):
                writing.built.incomplete.add(pages.thread_id)
        writing.built.rendered += 1

    async def write_shared(
        self, threads: list[SiteThread], unread: list[Unread], writing: Writing
    ) -> None:
        """Write what stands for all threads; the page that opens it comes last."""
        people = people_in(threads)
        data = [*data_files(threads, people)]
        files = chain(
            fixed_files(),
            data,
            list_pages(threads),
            search_files(self.index, threads, people),
        )
        for name, content in files:
            await writing.put(name, content)
        about = self.about(threads, people, unread)
        await writing.put(INDEX, index_page(about, [name for name, _ in data]))

    def about(
        self, threads: list[SiteThread], people: list[Person], unread: list[Unread]
    ) -> SiteAbout:
        ids = {person.raw_id or person.name for person in people}
        return SiteAbout(
            thread_count=len(threads),
            message_count=sum(each.facts.message_count for each in threads),
            people_count=len(ids),
            ledger_lines=self.index.about.size,
            root=self.index.about.root,
            built_on=self.built_on,
            unread=unread,
        )
