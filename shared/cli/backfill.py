"""`chat-archive backfill`: every thread of the estate, found through its users."""

import asyncio
import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from shared.bootstrap.app import (
    attachments_by,
    listing_by,
    open_chat_clients,
    quieten_sdk_logs,
)
from shared.bootstrap.archives import Target, Unreadable, opened
from shared.cli.options import (
    STOPPED,
    archive_argument,
    run_option,
    runs,
    utc_now,
)
from shared.cli.progress import backfill_bars
from shared.cli.seeds import read_seeds
from shared.cli.text import printable, readable
from shared.config.settings import (
    ChatSettings,
    FetchSettings,
    chat_settings,
    fetch_settings,
)
from shared.domain import layout
from shared.domain.inventory import Inventory, ThreadState, UserState
from shared.formats import ARCHIVED, DEFAULT
from shared.ports.leases import LeaseHeld
from shared.usecases.archive.finalize import Finalize
from shared.usecases.evidence.ledger import CloseLedger
from shared.usecases.inventory.backfill import (
    ArchiveHere,
    Archiver,
    Backfill,
    PutOnQueue,
    Scope,
    Seeds,
)
from shared.usecases.inventory.plan import BackfillPlan, plan
from shared.usecases.inventory.runs import BackfillRun

if TYPE_CHECKING:
    from shared.adapters.chat.clients import ChatClients

FILES: Any = {"type": click.File("rb"), "multiple": True, "metavar": "FILE"}


@click.command()
@archive_argument
@click.option("--users", **FILES, help="User ids, one a line; - reads standard input.")
@click.option("--chat-logs", **FILES, help="Chat logs of Azure Monitor, CSV or JSON.")
@click.option("--threads", **FILES, help="Thread ids, each with a reader if known.")
@click.option("--follow", is_flag=True, help="Ask everybody who is met on the way too.")
@click.option("--to", default="", help="Where the archive stands, as ARCHIVE says.")
@click.option("--here", is_flag=True, help="Archive in this process, not by the queue.")
@click.option("--dry-run", is_flag=True, help="Find, and say what there is to do.")
@click.option("--since-last", is_flag=True, help="Only what is new since the last run.")
@click.option("--again", is_flag=True, help="Ask for every user and thread again.")
@run_option
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=16,
    show_default=True,
    help="Users and threads at work at once.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object an event.")
@click.option(
    "--formats",
    envvar="ARCHIVE_FORMATS",
    default=",".join(DEFAULT),
    show_default=True,
    help="Formats to write with --here.",
)
@click.option(
    "--acs-connection-string",
    envvar="ACS_CONNECTION_STRING",
    default="",
    help="The ACS resource; or --acs-endpoint, as who is signed in.",
)
@click.option("--acs-endpoint", envvar="ACS_ENDPOINT", default="", help="Its address.")
@click.option(
    "--reader-ids", envvar="ACS_READER_IDS", default="", help="Readers to try first."
)
@click.option(
    "--fetch-images",
    envvar="FETCH_IMAGES",
    default="on",
    show_default=True,
    help="Whether to fetch files sent from Teams, with --here: on or off.",
)
@click.option(
    "--fetch-links-from",
    envvar="FETCH_LINKS_FROM",
    default="",
    help="Hosts whose linked files to fetch, with --here.",
)
@click.option(
    "--fetch-most-bytes",
    envvar="FETCH_MOST_BYTES",
    default="26214400",
    show_default=True,
    help="How large such a file may be.",
)
@click.option(
    "--fetch-within",
    envvar="FETCH_WITHIN",
    default="30s",
    show_default=True,
    help="How long fetching one may take.",
)
@runs
async def backfill(
    archive: str,
    connection_string: str,
    users: tuple[BinaryIO, ...],
    chat_logs: tuple[BinaryIO, ...],
    threads: tuple[BinaryIO, ...],
    follow: bool,
    to: str,
    here: bool,
    dry_run: bool,
    since_last: bool,
    again: bool,
    name: str,
    concurrency: int,
    as_json: bool,
    formats: str,
    acs_connection_string: str,
    acs_endpoint: str,
    reader_ids: str,
    fetch_images: str,
    fetch_links_from: str,
    fetch_most_bytes: str,
    fetch_within: str,
) -> int:
    """Archive every thread of an ACS resource, found through the users in them.

    There is no list of all threads: name the users, from your own database or from the
    chat logs of Azure Monitor, and follow who takes part. Threads go to the queue of
    the function app, or are archived --here. The run keeps its state beside the
    archive: a run that was stopped, by whatever, goes on when the same command is given
    again, and only does what is not done. What failed is tried again.

    Exit status: 0 all done, 1 something could not be had (see `report`), 2 unreadable
    or wrongly asked, 130 stopped by Ctrl-C.

    \b
    Examples:
      chat-archive backfill --users users.txt --follow --dry-run
      chat-archive backfill --users users.txt --follow --here archive
      chat-archive backfill --chat-logs logs.csv --since-last
    """
    from shared.adapters.chat.finder import AcsThreadFinder

    if since_last and again:
        raise click.UsageError("Give either --since-last or --again.")
    quieten_sdk_logs()
    seeds = read_seeds(users, chat_logs, threads)
    settings = chat_settings(
        {
            "ACS_CONNECTION_STRING": acs_connection_string,
            "ACS_ENDPOINT": acs_endpoint,
            "ACS_READER_IDS": reader_ids,
        }
    )
    fetch = fetch_settings(
        {
            "FETCH_IMAGES": fetch_images,
            "FETCH_LINKS_FROM": fetch_links_from,
            "FETCH_MOST_BYTES": fetch_most_bytes,
            "FETCH_WITHIN": fetch_within,
        }
    )
    scope = Scope.SINCE_LAST if since_last else Scope.ALL if again else Scope.NEW
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(
            opened(to or archive, connection_string, make=here or dry_run)
        )
        chat_clients = await stack.enter_async_context(open_chat_clients(settings))
        finder = AcsThreadFinder(chat_clients, settings.list_within)
        chosen = read_formats(formats)
        archiver: Archiver | None = None
        if here and not dry_run:
            archiver = archive_here(target, chat_clients, settings, fetch, chosen)
        elif not dry_run:
            archiver = await put_on_queue(target, stack)
        run = BackfillRun(name=name, log=target.control, files=target.control_files)
        try:
            await stack.enter_async_context(
                target.leases.hold(layout.run_lease_path(name))
            )
        except LeaseHeld:
            raise Unreadable(
                f"Run {name} is at work elsewhere, or was killed less than a minute "
                "ago. Wait, or give another --run."
            ) from None
        await run.load()
        if not (
            run.inventory.users or run.inventory.threads or seeds.users or seeds.threads
        ):
            raise Unreadable("Give --users, --chat-logs or --threads to begin with.")
        work = Backfill(
            run=run,
            finder=finder,
            archiver=archiver,
            clock=utc_now,
            scope=scope,
            follow=follow,
            concurrency=concurrency,
        )
        await watched(work, seeds, as_json=as_json)
        if here and not dry_run:
            await close_days(target)
        if dry_run and not work.stop.is_set():
            tell_plan(
                await plan(run.inventory, finder, concurrency=concurrency),
                as_json=as_json,
            )
        return tell_end(work, as_json=as_json)


async def watched(work: Backfill, seeds: Seeds, *, as_json: bool) -> None:
    """Run a backfill with its progress shown; the first Ctrl-C ends it cleanly."""
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows has no such handlers
        loop.add_signal_handler(signal.SIGINT, interrupted, work)
    try:
        with backfill_bars(silent=as_json) as show:

            def watch(line: dict[str, Any], inventory: Inventory) -> None:
                if as_json:
                    click.echo(json.dumps(line))
                show(inventory)

            work.run.watch = watch
            await work(seeds)
    finally:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGINT)


def interrupted(work: Backfill) -> None:
    work.stop.set()
    click.echo("Stopping: what is under way is finished first.", err=True)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)


def archive_here(
    target: Target,
    chat_clients: "ChatClients",
    settings: ChatSettings,
    fetch: FetchSettings,
    formats: Sequence[str],
) -> ArchiveHere:
    from shared.adapters.storage.archive_folder import NoThreadLogs
    from shared.adapters.topic import SilentAnnouncer

    return ArchiveHere(
        finalize=Finalize(
            log=target.log or NoThreadLogs(),
            ledger=target.ledger,
            archive=target.archive,
            leases=target.leases,
            list_service=listing_by(settings, chat_clients),
            announcer=SilentAnnouncer(),
            fetch_attachments=attachments_by(fetch, chat_clients, target.archive),
            clock=utc_now,
            formats=formats,
        )
    )


async def put_on_queue(target: Target, stack: AsyncExitStack) -> PutOnQueue:
    from shared.adapters.storage.work_queue import StorageWorkQueue

    if target.account is None:
        raise click.UsageError("A folder has no queue: give --here.")
    queue = target.account.queue(layout.FINALIZE_QUEUE)
    return PutOnQueue(queue=StorageWorkQueue(await stack.enter_async_context(queue)))


async def close_days(target: Target) -> None:
    """Close the ledger's days, which is otherwise the sweep's."""
    await CloseLedger(
        archive=target.archive,
        ledger=target.ledger,
        leases=target.leases,
        clock=utc_now,
    )()


def read_formats(text: str) -> tuple[str, ...]:
    formats = tuple(one.strip() for one in text.split(",") if one.strip())
    if unknown := [one for one in formats if one not in ARCHIVED]:
        raise click.UsageError(
            f"--formats: {', '.join(unknown)}; known are {', '.join(ARCHIVED)}."
        )
    return formats


def tell_plan(planned: BackfillPlan, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"plan": asdict(planned)}))
        return
    click.echo(f"{planned.threads} thread(s) of {planned.users} user(s) to archive")
    click.echo(
        f"  about {planned.messages} messages, {planned.calls} calls, "
        f"{lasting(planned.seconds)}, {readable(planned.bytes)}"
    )
    click.echo(
        f"  estimated from {planned.sampled} thread(s), the service's limits, and a "
        "tenth of a second a call; nothing was archived"
    )


def lasting(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def tell_end(work: Backfill, *, as_json: bool) -> int:
    """Return how it ended, what is missing first; give the exit status."""
    inventory = work.inventory
    missing = [*missing_users(inventory), *missing_threads(inventory)]
    if not as_json:
        for line in missing:
            click.echo(printable(line))
        users, threads = inventory.user_states, inventory.thread_states
        click.echo(
            f"{len(inventory.users)} user(s): {users[UserState.LISTED]} asked, "
            f"{users[UserState.REFUSED]} refused, {users[UserState.FAILED]} failed, "
            f"{users[UserState.MET]} to ask"
        )
        told = ", ".join(f"{threads[one]} {one}" for one in ThreadState if threads[one])
        click.echo(f"{len(inventory.threads)} thread(s): {told or 'none'}")
    if work.stop.is_set():
        click.echo(
            f"Stopped. Give the same command again to go on (run {work.run.name}).",
            err=True,
        )
        return STOPPED
    return 1 if missing else 0


def missing_users(inventory: Inventory) -> Iterator[str]:
    for user in inventory.unasked:
        yield f"{user.state.upper()} {user.id}: {user.reason}"


def missing_threads(inventory: Inventory) -> Iterator[str]:
    for thread in inventory.threads.values():
        if thread.state in (ThreadState.UNREACHABLE, ThreadState.FAILED):
            yield f"{thread.state.upper()} {thread.id}: {thread.reason}"
