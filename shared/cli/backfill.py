"""`chat-archive backfill`: every thread of a resource, found through its users."""

import asyncio
import json
import signal
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Any, BinaryIO

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.backfill import BackfillOptions, open_backfill
from shared.cli.keeping import decisions_of, keep_found, keep_logs
from shared.cli.options import (
    STOPPED,
    Unreadable,
    archive_argument,
    is_given,
    run_option,
    runs,
)
from shared.cli.progress import backfill_bars
from shared.cli.seeds import read_chat_log, read_seeds
from shared.cli.setting_options import setting_options
from shared.cli.text import readable, say
from shared.domain.inventory.facts import Fact, ThreadState, UserState, fact_json
from shared.domain.inventory.state import Inventory
from shared.domain.words import plural
from shared.usecases.inventory.backfill import Backfill, Scope, Seeds
from shared.usecases.inventory.decisions import NO_DECISIONS, Decisions
from shared.usecases.inventory.plan import BackfillPlan, plan

MISSING = (ThreadState.UNREACHABLE, ThreadState.FAILED)
"""What somebody can act on; what was deleted in the service is named, and no more."""
FILES: Any = {"type": click.File("rb"), "multiple": True, "metavar": "FILE"}


@click.command()
@archive_argument
@click.option("--users", **FILES, help="User ids, one a line; - reads standard input.")
@click.option("--chat-logs", **FILES, help="Chat logs of Azure Monitor, CSV or JSON.")
@click.option("--threads", **FILES, help="Thread ids, each with a reader if known.")
@click.option(
    "--follow", is_flag=True, help="Ask everybody who is found on the way too."
)
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
@setting_options(
    "ACS_CONNECTION_STRING",
    "ACS_ENDPOINT",
    "ACS_CLIENT_ID",
    "ACS_READER_IDS",
    "ACS_CHAT_API_VERSION",
    "LIST_WITHIN",
    "ARCHIVE_FORMATS",
    "FETCH_IMAGES",
    "FETCH_LINKS_FROM",
    "FETCH_MOST_BYTES",
    "FETCH_THREAD_FILES",
    "FETCH_THREAD_BYTES",
    "FETCH_WITHIN",
)
@runs
async def backfill(
    address: ArchiveAddress,
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
    settings: Mapping[str, str],
) -> int:
    """Archive every thread of an ACS resource, found by its users.

    There is no list of all threads: name the users, from your own database or from the
    chat logs of Azure Monitor, and follow who takes part. Threads go to the queue of
    the function app, or are archived --here; those that a retention policy has deleted
    come first, the earliest before all others.

    The run keeps its state beside the archive: one that was stopped, by any cause, goes
    on when the same command is given again, and only does what is not done. What failed
    is tried again. What was found, and the chat logs that tell of it, are kept in the
    archive too: a report rests on them once the resource is gone.

    Exit status: 0 all done but what was accepted (`accept`), 1 something could not be
    had (see `report`), 2 unreadable or a usage error, 130 stopped by Ctrl-C.

    \b
    Examples:
      chat-archive backfill --users users.txt --follow --dry-run
      chat-archive backfill --users users.txt --follow --here archive
      chat-archive backfill --chat-logs logs.csv --since-last
    """
    if since_last and again:
        raise click.UsageError("Give either --since-last or --again.")
    if to and is_given("archive"):
        raise click.UsageError("Give either ARCHIVE or --to.")
    logs = [read_chat_log(file) for file in chat_logs]
    seeds = read_seeds(users, logs, threads)
    options = BackfillOptions(
        name=name,
        here=here,
        dry_run=dry_run,
        scope=Scope.SINCE_LAST if since_last else Scope.ALL if again else Scope.NEW,
        follow=follow,
        concurrency=concurrency,
    )
    async with (
        open_archive(address.overridden_by(to), make=here or dry_run) as archive,
        open_backfill(archive, settings, options) as work,
    ):
        known = work.inventory
        if not (known.users or known.threads or seeds.users or seeds.threads):
            raise Unreadable("Give --users, --chat-logs or --threads to begin with.")
        kept = True if dry_run else await keep_logs(archive, logs)
        await watched(work, seeds, as_json=as_json)
        if not dry_run and not work.stop.is_set():
            kept &= await keep_found(archive, work)
        if here and not dry_run:
            await archive.ledger.close_if_over()  # which is otherwise the sweep's
        if dry_run and not work.stop.is_set():
            planned = await plan(known, work.finder, concurrency=concurrency)
            print_plan(planned, as_json=as_json)
        decisions = await decisions_of(archive)
        status = print_end(work, decisions, as_json=as_json)
        return status if kept else status or 1


async def watched(work: Backfill, seeds: Seeds, *, as_json: bool) -> None:
    """Run a backfill with its progress shown; the first Ctrl-C ends it cleanly."""
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows has no such handlers
        loop.add_signal_handler(signal.SIGINT, interrupted, work)
    try:
        with backfill_bars(silent=as_json) as show:

            def watch(fact: Fact, inventory: Inventory) -> None:
                if as_json:
                    click.echo(json.dumps(fact_json(fact)))
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


def print_plan(planned: BackfillPlan, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"plan": asdict(planned)}))
        return
    threads, users = plural(planned.threads, "thread"), plural(planned.users, "user")
    click.echo(f"{threads} of {users} to archive")
    click.echo(
        f"  about {planned.messages} messages, {planned.calls} calls, "
        f"{lasting(planned.seconds)}, {readable(planned.bytes)}"
    )
    if planned.expiring:
        verb = "is" if planned.expiring == 1 else "are"
        click.echo(
            f"  {planned.expiring} of them {verb} deleted by a retention policy, the "
            f"first on {planned.first_deletion_on[:10]}: the earliest come first"
        )
    click.echo(
        f"  estimated from {plural(planned.sampled, 'thread')}, the service's limits, "
        "and a tenth of a second a call; nothing was archived"
    )


def lasting(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def print_end(work: Backfill, decisions: Decisions, *, as_json: bool) -> int:
    """Print how it ended, what is missing first; return the exit status."""
    inventory = work.inventory
    missing = [
        *missing_users(inventory, decisions),
        *threads_in(inventory, MISSING, decisions),
    ]
    if not as_json:
        for line in (*missing, *threads_in(inventory, (ThreadState.DELETED,))):
            say(line)
        for line in accepted(inventory, decisions):
            say(line)
        users, threads = inventory.user_states, inventory.thread_states
        click.echo(
            f"{plural(len(inventory.users), 'user')}: "
            f"{users[UserState.LISTED]} asked, "
            f"{users[UserState.REFUSED]} refused, {users[UserState.FAILED]} failed, "
            f"{users[UserState.OUTSIDE]} of other resources, "
            f"{users[UserState.MET]} to ask"
        )
        states = [state for state in ThreadState if threads[state]]
        what = ", ".join(f"{threads[state]} {state}" for state in states)
        found = plural(len(inventory.threads), "thread")
        click.echo(f"{found}: {what}" if what else found)
    if work.stop.is_set():
        click.echo(
            f"Stopped. Give the same command again to go on (run {work.run.name}).",
            err=True,
        )
        return STOPPED
    return 1 if missing else 0


def missing_users(inventory: Inventory, decisions: Decisions) -> Iterator[str]:
    for user in inventory.unasked:
        if not decisions.of_user(user.id, user.state):
            yield f"{user.state.upper()} {user.id}: {user.reason}"


def threads_in(
    inventory: Inventory,
    states: Collection[ThreadState],
    decisions: Decisions = NO_DECISIONS,
) -> Iterator[str]:
    for thread in inventory.threads.values():
        if thread.state not in states:
            continue
        if not decisions.of_thread(thread.id, thread.state):
            yield f"{thread.state.upper()} {thread.id}: {thread.reason}"


def accepted(inventory: Inventory, decisions: Decisions) -> Iterator[str]:
    """Yield what is missing as somebody has accepted: it is no failure."""
    for user in inventory.unasked:
        if decision := decisions.of_user(user.id, user.state):
            yield f"ACCEPTED {user.id}: {user.state}, {decision.text}"
    for thread in inventory.threads.values():
        decision = decisions.of_thread(thread.id, thread.state)
        if decision and thread.state in MISSING:
            yield f"ACCEPTED {thread.id}: {thread.state}, {decision.text}"
