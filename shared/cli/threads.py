"""How commands find threads: by an index where there is one, else by reading all."""

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.index import open_index
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.options import Unreadable
from shared.cli.progress import bytes_bar
from shared.cli.text import say
from shared.domain import layout
from shared.domain.errors import IntegrityError
from shared.domain.people import NOBODY_KNOWN, PeopleDirectory
from shared.domain.words import plural
from shared.ports.archive_index import Filter, IndexReader, MissingIndex, NoIndex
from shared.ports.indexed import Person
from shared.usecases.evidence.revisions import revisions_of
from shared.usecases.inventory.people import read_people
from shared.usecases.reading.find import Selection, unread

STALE_OK = click.option(
    "--stale-ok",
    is_flag=True,
    help="Use the index although the archive has changed since.",
)
PATIENCE = 2.0
"""Seconds after which somebody hears that an index would be faster."""
MOST_NAMED, MOST_LOOKED_AT = 10, 1000
"""Threads that are listed where several are meant, and that are counted."""
READ_FILES = (layout.EVENTS_FILE, layout.LISTING_FILE)
"""The files whose sizes a bar runs to while threads are read."""
CUT = "…"
ID = "19:"
"""What the ids of threads begin with."""


@asynccontextmanager
async def open_searched(
    address: ArchiveAddress, *, stale_ok: bool
) -> AsyncIterator[OpenedArchive]:
    """Open an archive, with its index where there is one that can be believed.

    Says why one that is there is not used, and, where that took long, that one would
    help.
    """
    async with open_archive(address) as archive, AsyncExitStack() as stack:
        began, index, is_used = time.monotonic(), None, True
        try:
            index = await stack.enter_async_context(
                open_index(archive, stale_ok=stale_ok)
            )
        except MissingIndex:
            pass
        except NoIndex as error:
            is_used = False
            say(f"NOT USED: {error}.", err=True)
        if index and index.is_older:
            say_older(index)
        people = await people_of(archive, index)
        yield replace(archive, index=index, people=people)
        if index is None and is_used and time.monotonic() - began > PATIENCE:
            say("`chat-archive index` would make this faster.", err=True)


async def people_of(
    archive: OpenedArchive, index: IndexReader | None
) -> PeopleDirectory:
    """Return the archive's directory of people; say so where it cannot be read."""
    if index:
        return index.directory()
    try:
        return await read_people(archive.archive)
    except IntegrityError as error:
        say(f"NOT SHOWN: the directory of people: {error}", err=True)
        return NOBODY_KNOWN


def say_older(index: IndexReader) -> None:
    say(
        f"The index is of {index.about.built_on}. What the archive got or lost since "
        "is not in it.",
        err=True,
    )


async def bytes_to_read(archive: OpenedArchive) -> int:
    """Return for a bar how many bytes are read of all threads; 0 where nobody knows.

    With an index only some are read.
    """
    return 0 if archive.index else await archive.size(ends=READ_FILES)


async def find_thread(archive: OpenedArchive, text: str) -> str:
    """Return the id of the thread that is meant by an id, its beginning, or a topic.

    Raises:
        Unreadable: none is meant, or several, or it cannot be told.

    """
    if thread_id := await thread_meant(archive, text):
        return thread_id
    if not text.startswith(ID):  # anybody may have written an id into a topic
        failures: list[str] = []
        found = await by_topic(archive, text, failures)
        check_one(text, found)
        if failures:
            raise Unreadable(
                f"{text}: it cannot be told which thread has that topic, since "
                f"{plural(len(failures), 'thread')} cannot be read:\n"
                + "\n".join(f"  {failure}" for failure in failures[:MOST_NAMED])
                + "\nName the thread by its id; `chat-archive verify` says more."
            )
        if found:
            return next(iter(found))
    raise Unreadable(
        f"{text}: the archive has no thread with such an id or topic. "
        "`chat-archive list` names all."
    )


async def find_threads(archive: OpenedArchive, selection: Selection) -> Selection:
    """Return a selection whose threads are named by their ids.

    What names none stays as it is, for the command to say so.

    Raises:
        Unreadable: one of them may be several.

    """
    named: list[str] = []
    for text in selection.threads:
        if not text.strip():
            raise click.UsageError("--thread is empty: name a thread by its id.")
        thread_id = await thread_meant(archive, text)
        if thread_id not in ("", text):
            say(f"{text} means {thread_id}.", err=True)
        named.append(thread_id or text)
    return replace(selection, threads=tuple(dict.fromkeys(named)))


async def thread_meant(archive: OpenedArchive, text: str) -> str:
    """Return the id that a text is, or is the beginning of; "" where it is neither.

    Raises:
        Unreadable: it may be the beginning of several, which are named.

    """
    beginning = text.removesuffix(CUT)
    if not layout.has_folder(beginning):
        return ""
    if (await revisions_of(archive.archive, text)).last_used:
        return text
    found = await by_beginning(archive, beginning)
    check_one(text, found)
    return next(iter(found), "")


def check_one(text: str, found: Mapping[str, str]) -> None:
    """See that a text means one thread at most.

    Raises:
        Unreadable: it may mean several, which are named.

    """
    if len(found) > 1:
        named = [f"  {thread_id}  {topic}" for thread_id, topic in found.items()]
        rest = [f"  and {len(named) - MOST_NAMED} more"] * (len(named) > MOST_NAMED)
        lines = "\n".join([*named[:MOST_NAMED], *rest])
        raise Unreadable(
            f"{text} may mean {plural(len(found), 'thread')}:\n{lines}\n"
            "Name one by its id, or by more of its beginning."
        )


async def by_beginning(archive: OpenedArchive, text: str) -> dict[str, str]:
    """Return the threads whose ids begin with a text, each with its topic if known."""
    if not text:
        return {}
    if index := archive.index:
        found = {
            unread.thread_id: f"(cannot be read: {unread.reason})"
            for unread in index.unread()
            if unread.thread_id.startswith(text)
        }
        if ids := tuple(index.thread_ids(text, MOST_LOOKED_AT)):
            chosen = Filter(threads=ids)
            found |= {each.thread_id: each.topic for each in index.threads(chosen)}
        return found
    found = {}
    prefix = layout.THREAD_PREFIX + layout.encode_id(text).removesuffix("%2E")
    async for folder in archive.archive.folders(prefix):
        thread_id = layout.thread_of(folder)
        if thread_id.startswith(text):
            found[thread_id] = ""
    return found


async def by_topic(
    archive: OpenedArchive, text: str, failures: list[str]
) -> dict[str, str]:
    """Return the threads that have a text in their topic, each with its topic.

    `failures` gets a sentence for each thread that cannot be read: it may be meant too.
    """
    chosen = Filter(topic=text)
    if archive.index:
        failures += unread(archive.index, ())
        threads = list(archive.index.threads(chosen, MOST_LOOKED_AT))
    else:
        total = await archive.size(ends=READ_FILES)
        with bytes_bar("looking", total) as on_bytes:
            threads = await archive.scan(on_bytes, failures.append).facts(chosen)
    return {facts.thread_id: facts.topic for facts in threads}


def say_meant(text: str, people: Iterable[Person]) -> None:
    """Say whom a name means, where that is more than one person."""
    by_id = {person.raw_id: person for person in people}
    if len(by_id) > 1:
        named = [f"{who.shown} ({who.raw_id})" for who in by_id.values()]
        more = len(named) - MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        say(
            f"{text} means {len(by_id)} people: {', '.join(named[:MOST_NAMED])}{rest}.",
            err=True,
        )
