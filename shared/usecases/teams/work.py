"""Threads of an import, several at a time: what fails is told, and stops no other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from shared.domain.errors import ArchiverError, IntegrityError
from shared.domain.thread.transcript import Transcript
from shared.formats.part import Options
from shared.ports.archive_store import ArchiveFiles
from shared.usecases.teams.as_erased import as_erased
from shared.usecases.teams.import_log import ImportLog
from shared.usecases.teams.plan_import import PlannedThread, plan_thread

AT_ONCE = 4
"""Threads at work at the same time; requests keep to one pace for all of them."""


async def plan_all(
    archive: ArchiveFiles,
    transcripts: AsyncIterator[Transcript],
    options: Options,
    log: ImportLog,
    *,
    on_failure: Callable[[str], None],
    retry: bool = False,
) -> AsyncIterator[PlannedThread]:
    """Yield what is to be done of each thread that was chosen, as it is now.

    `on_failure` takes a sentence for each that cannot be read any more.
    """
    async for chosen in transcripts:
        try:
            transcript, orders = await as_erased(archive, chosen.thread_id)
        except IntegrityError as error:
            on_failure(f"{chosen.thread_id}: {error}")
            continue
        known = log.state.thread(transcript.thread_id)
        yield plan_thread(transcript, options, known, orders=orders, retry=retry)


async def work_on(
    threads: AsyncIterator[PlannedThread],
    work: Callable[[PlannedThread], Awaitable[None]],
) -> list[str]:
    """Do something with each thread, some side by side; return a sentence a failure."""
    failures: list[str] = []
    turns = asyncio.Semaphore(AT_ONCE)

    async def one_thread(thread: PlannedThread) -> None:
        try:
            await work(thread)
        except ArchiverError as error:
            failures.append(f"{thread.transcript.thread_id}: {error}")
        finally:
            turns.release()

    async with asyncio.TaskGroup() as group:
        async for thread in threads:
            await turns.acquire()  # so that few transcripts are held at a time
            group.create_task(one_thread(thread))
    return failures
