"""The pages of one thread in a site: rendered in any process, from stored files."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from shared.domain import layout
from shared.domain.archive.read_chain import transcript_of
from shared.domain.errors import IntegrityError
from shared.domain.evidence.paths import ATTACHMENTS
from shared.formats.held_files import in_export
from shared.formats.html_format import write
from shared.formats.part import Options
from shared.usecases.evidence.revisions import NOTHING_FINISHED
from shared.usecases.evidence.thread_archive import read_thread
from shared.usecases.reading.raw_thread import RawThread

IN_SITE = Options(is_copy=True, site="../../", place=in_export)
INSIGHTS_PAGE = "insights.html"


@dataclass(frozen=True, slots=True)
class ThreadPages:
    """A thread's pages by name, or why it cannot be read.

    `held` are the files that they lead to: by their place, where the archive has them.
    """

    thread_id: str
    pages: tuple[tuple[str, bytes], ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    failure: str = ""


RenderThread = Callable[[RawThread, bool], Awaitable[ThreadPages]]
"""Takes a thread, and whether a page of what a model said of it stands beside."""


async def render_thread(raw: RawThread, has_insights: bool) -> ThreadPages:
    """Render the newest revision of a thread."""
    try:
        thread = await read_thread(raw, raw.thread_id)
        if thread.newest is None:
            return ThreadPages(raw.thread_id, failure=NOTHING_FINISHED)
        transcript = transcript_of(thread.chain)
    except IntegrityError as error:
        return ThreadPages(raw.thread_id, failure=str(error))
    held = {
        in_export(file): layout.revision_path(
            raw.thread_id, file.revision, ATTACHMENTS + file.stored
        )
        for file in transcript.attachments
        if file.is_held and not file.erased
    }
    insights = INSIGHTS_PAGE if has_insights else ""
    options = replace(IN_SITE, insights=insights, people=raw.people)
    pages = tuple((name, b"".join(parts)) for name, parts in write(transcript, options))
    return ThreadPages(raw.thread_id, pages, tuple(held.items()))


def render_apart(raw: RawThread, has_insights: bool) -> ThreadPages:
    """Do the same in a process that does nothing else."""
    return asyncio.run(render_thread(raw, has_insights))
