"""A backfill over an opened archive, wired for the queue, for here, or for a look."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from shared.bootstrap.finalizing import (
    HereSettings,
    chat_clients_of_command,
    finalize_here,
)
from shared.bootstrap.identity import quieten_sdk_logs, utc_now
from shared.bootstrap.opened_archive import NoStorageAccount, OpenedArchive
from shared.bootstrap.settling import settle_of
from shared.config.reader import read_settings
from shared.domain import layout
from shared.domain.errors import ArchiverError
from shared.ports.leases import LeaseHeld
from shared.usecases.inventory.archivers import ArchiveHere, Archiver, PutOnQueue
from shared.usecases.inventory.backfill import Backfill, Scope

BACKFILL = "backfill"
"""How a backfill names itself in what it has queued."""
NO_QUEUE = (
    "A folder has no queue: give --here to archive into it in this process, or name "
    "the storage account, by CHAT_STORAGE or by its container's address."
)


class RunIsBusy(ArchiverError):
    """The run is held by another process. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillOptions:
    """What somebody asks of a backfill.

    `here` archives in this process instead of by the queue; `dry_run` only finds.
    """

    name: str
    here: bool
    dry_run: bool
    scope: Scope
    follow: bool
    concurrency: int


@asynccontextmanager
async def open_backfill(
    archive: OpenedArchive, env: Mapping[str, str], options: BackfillOptions
) -> AsyncIterator[Backfill]:
    """Open a run of a backfill, with what it knows loaded, and hold its lease.

    Raises:
        ConfigError: settings are wrong.
        NoStorageAccount: a folder has no queue.
        NotSignedIn: it takes somebody who is signed in, and nobody is.
        RunIsBusy: another process holds the run.

    """
    from shared.adapters.chat.finder import AcsThreadFinder

    if archive.storage is None and not (options.here or options.dry_run):
        raise NoStorageAccount(NO_QUEUE)
    quieten_sdk_logs()
    settings = read_settings(env, HereSettings.read)
    async with AsyncExitStack() as stack:
        chat_clients = await stack.enter_async_context(
            chat_clients_of_command(settings.chat)
        )
        archiver: Archiver | None = None
        if options.here and not options.dry_run:
            here = finalize_here(archive.stores(), settings, chat_clients)
            archiver = ArchiveHere(finalize=await stack.enter_async_context(here))
        elif not options.dry_run:
            storage = archive.account()
            archiver = PutOnQueue(
                queue=storage.queue,
                sweep_log=storage.sweep_log,
                clock=utc_now,
                by=BACKFILL,
            )
        lease = archive.leases.hold(layout.run_lease_path(options.name))
        try:
            await stack.enter_async_context(lease)
        except LeaseHeld:
            raise RunIsBusy(
                f"Run {options.name} is at work elsewhere, or was killed less than a "
                "minute ago. Wait, or give another --run."
            ) from None
        run = archive.run(options.name)
        await run.load()
        if settle := settle_of(archive):
            await settle(run)
        yield Backfill(
            run=run,
            finder=AcsThreadFinder(chat_clients, settings.chat.list_within),
            archiver=archiver,
            clock=utc_now,
            scope=options.scope,
            follow=options.follow,
            concurrency=options.concurrency,
        )
