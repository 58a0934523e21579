"""What erases, wired: with what archives a thread first, where settings allow that."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from shared.bootstrap.finalizing import (
    HereSettings,
    chat_clients_of_command,
    finalize_here,
)
from shared.bootstrap.identity import utc_now
from shared.bootstrap.opened_archive import OpenedArchive
from shared.config.reader import read_settings
from shared.domain import layout
from shared.domain.errors import ConfigError
from shared.usecases.evidence.erase import Erase
from shared.usecases.evidence.unreached import FindUnreached


@asynccontextmanager
async def open_erase(
    archive: OpenedArchive, env: Mapping[str, str]
) -> AsyncIterator[Erase]:
    """Yield what erases from an archive.

    A thread whose log holds more than its archive is archived first, which asks the
    chat service. Where no settings say how to reach that, such a thread is refused,
    and so it is where nobody is signed in who could ask.
    """
    archive.check_writable()
    erase = archive.erase()
    async with AsyncExitStack() as stack:
        settings = here_settings(archive, env)
        if settings:
            clients = chat_clients_of_command(settings.chat, checked=False)
            chat_clients = await stack.enter_async_context(clients)
            here = finalize_here(archive.stores(), settings, chat_clients)
            finalize = await stack.enter_async_context(here)
            erase = replace(erase, finalize=finalize.under_lease)
        yield erase


def here_settings(
    archive: OpenedArchive, env: Mapping[str, str]
) -> HereSettings | None:
    """Return the settings to archive with; None where there is no log, or none."""
    if archive.storage is None:
        return None
    try:
        return read_settings(env, HereSettings.read)
    except ConfigError:
        return None


def find_unreached(archive: OpenedArchive) -> FindUnreached:
    """Return what finds the places that an erasure does not reach."""
    storage = archive.storage
    if storage is None:
        return FindUnreached(archive=archive.archive, control=archive.control_files)
    return FindUnreached(
        archive=archive.archive,
        control=archive.control_files,
        log=storage.log,
        quarantine=storage.unprocessed(layout.LOG, layout.quarantine_folder("")),
        dead_letters=storage.unprocessed(layout.DEAD_LETTER),
        queues={
            layout.EVENTS_QUEUE: storage.events_queue,
            layout.EVENTS_POISON_QUEUE: storage.events_poison,
        },
        soft_deleted_for=storage.archive.soft_deleted_for,
        clock=utc_now,
    )
