"""`chat-archive teams`: conversations that go on, moved to Teams message by message."""

from collections import Counter

import click

from shared.bootstrap.archive import ArchiveAddress, environment
from shared.bootstrap.teams import OpenedImport, open_import
from shared.cli.options import JSON, by_option, check_if_given, runs
from shared.cli.progress import counting_bar
from shared.cli.teams_options import EXECUTE, FILES_AT, PACE, Meant, teams_options
from shared.cli.teams_output import (
    print_plan,
    print_reconciled,
    say_failures,
    say_open,
)
from shared.cli.text import as_json as to_json
from shared.cli.text import say
from shared.cli.threads import find_threads, open_searched
from shared.domain.errors import ArchiverError
from shared.domain.imports import ChatStep
from shared.domain.words import plural
from shared.usecases.reading.find import Find
from shared.usecases.teams.plan_import import PlannedThread
from shared.usecases.teams.reconcile_import import Reconciled, reconcile_thread
from shared.usecases.teams.work import work_on


@click.group()
def teams() -> None:
    """Move conversations to Teams, every message accounted for.

    By Microsoft Graph's import, as an app with Teamwork.Migrate.All, Chat.Create and
    Chat.Read.All: sign in as it (AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret or a
    certificate). Each message ends imported, archived, excluded or failed; the ledger
    of that is kept in the archive. Nothing here has been run against Graph itself, but
    against a stand-in that has its documented rules: rehearse with a few threads.
    """


@teams.command()
@teams_options
@JSON
@runs
async def plan(address: ArchiveAddress, meant: Meant, as_json: bool) -> int:
    """Say what an import would do; Graph is not asked.

    Exit status: 0 done, 1 some threads could not be read, 2 unreadable.

    \b
    Examples:
      chat-archive teams plan --identities map.csv archive
      chat-archive teams plan --identities map.csv --topic Loan archive --json
    """
    return await planned(address, meant, as_json=as_json)


@teams.command()
@teams_options
@PACE
@FILES_AT
@click.option("--retry", is_flag=True, help="Send what failed once more.")
@EXECUTE
@JSON
@runs
async def run(
    address: ArchiveAddress,
    meant: Meant,
    per_second: float,
    files_at: str,
    retry: bool,
    execute: bool,
    as_json: bool,
) -> int:
    """Import threads into chats of Teams; goes on where it was, however it ended.

    A group chat for each thread, of those who are in it and are mapped; each message
    with its own time and author, in the order of the source. Pictures that the archive
    holds go with them; other files are named as being in the archive, or linked to
    where --files-at says that all of them can be read. What cannot be sent stays in the
    archive, and is named. A chat is in import mode until `teams complete`.

    Exit status: 0 every message has its end, 1 something failed or is open, 2
    unreadable.

    \b
    Examples:
      chat-archive teams run --identities map.csv archive
      chat-archive teams run --identities map.csv archive --execute
    """
    if not execute:
        status = await planned(address, meant, as_json=as_json)
        click.echo("Nothing was sent. Give --execute to do it.", err=True)
        return status
    failures: list[str] = []
    env = environment({})
    async with (
        open_searched(address, stale_ok=False) as archive,
        open_import(archive, meant.name, env, per_second=per_second) as opened,
    ):
        selection = await find_threads(archive, meant.selection)
        find = archive.find(on_failure=failures.append)
        threads = opened.plan(
            find(selection), meant.options, on_failure=failures.append, retry=retry
        )
        with counting_bar("importing messages") as on_message:
            failures += await work_on(threads, opened.run(on_message, files_at))
        is_kept = await keep(opened)
        open_ = say_open(opened.log.state, as_json=as_json)
    say_failures(failures)
    return 1 if failures or open_ or not is_kept else 0


@teams.command()
@teams_options
@PACE
@JSON
@runs
async def reconcile(
    address: ArchiveAddress, meant: Meant, per_second: float, as_json: bool
) -> int:
    """Compare every chat with the ledger and with the archive.

    Exit status: 0 all fits, 1 something is open or other than it should be, 2
    unreadable.

    \b
    Example:
      chat-archive teams reconcile --identities map.csv archive
    """
    found, failures, _ = await reconciled(address, meant, per_second)
    if as_json:
        click.echo(to_json([said.json for said in found]))
    else:
        print_reconciled(found)
    say_failures(failures)
    return 1 if failures or any(said.problems for said in found) else 0


@teams.command()
@teams_options
@PACE
@click.option(
    "--accept-failed",
    default="",
    metavar="REASON",
    callback=check_if_given,
    help="Accept that messages which failed stay in the archive alone.",
)
@by_option
@EXECUTE
@runs
async def complete(
    address: ArchiveAddress,
    meant: Meant,
    per_second: float,
    accept_failed: str,
    by: str,
    execute: bool,
) -> int:
    """Complete the chats that fit their ledger; refuse while anything is open.

    Exit status: 0 every chat is completed, or would be, 1 one is not, 2 unreadable.

    \b
    Examples:
      chat-archive teams complete --identities map.csv archive
      chat-archive teams complete --identities map.csv archive --execute
    """
    if execute and accept_failed:
        await accept(address, meant, by=by, reason=accept_failed)
    found, failures, completed = await reconciled(
        address, meant, per_second, completes=execute
    )
    print_reconciled([said for said in found if said.problems])
    open_ = sum(bool(said.problems) for said in found)
    fits = [said for said in found if said.chat_id and not said.problems]
    if execute:
        click.echo(f"{plural(completed, 'chat')} completed, {open_} not")
    else:
        click.echo(f"{plural(len(fits), 'chat')} can be completed, {open_} cannot")
        click.echo("Nothing was completed. Give --execute to do it.", err=True)
    say_failures(failures)
    return 1 if failures or open_ else 0


async def planned(address: ArchiveAddress, meant: Meant, *, as_json: bool) -> int:
    """Print what an import would do; return the exit status."""
    failures: list[str] = []
    total: Counter[str] = Counter()
    async with (
        open_searched(address, stale_ok=False) as archive,
        open_import(archive, meant.name, {}, asks=False) as opened,
    ):
        selection = await find_threads(archive, meant.selection)
        find = archive.find(on_failure=failures.append)
        async for thread in opened.plan(
            find(selection), meant.options, on_failure=failures.append
        ):
            print_plan(thread, as_json=as_json)
            total.update(thread.counts)
            total["threads"] += 1
    if not as_json:
        counts = ", ".join(
            f"{count} {status}"
            for status, count in total.items()
            if count and status != "threads"
        )
        click.echo(f"{plural(total['threads'], 'thread')}: {counts or 'no message'}")
    say_failures(failures)
    return 1 if failures else 0


async def reconciled(
    address: ArchiveAddress, meant: Meant, per_second: float, *, completes: bool = False
) -> tuple[list[Reconciled], list[str], int]:
    """Return how each thread compares, what could not be, and the chats completed."""
    failures: list[str] = []
    found: list[Reconciled] = []
    completed = 0
    env = environment({})
    async with (
        open_searched(address, stale_ok=False) as archive,
        open_import(archive, meant.name, env, per_second=per_second) as opened,
    ):
        selection = await find_threads(archive, meant.selection)
        find: Find = archive.find(on_failure=failures.append)

        async def compare(thread: PlannedThread) -> None:
            nonlocal completed
            known = opened.log.state.thread(thread.transcript.thread_id)
            said = await reconcile_thread(thread, known, opened.graph)
            found.append(said)
            is_open = known.step is ChatStep.STARTED and not said.problems
            if completes and is_open:
                await opened.complete(known.thread_id)
                completed += 1

        threads = opened.plan(
            find(selection), meant.options, on_failure=failures.append
        )
        failures += await work_on(threads, compare)
        if completes and not await keep(opened):
            failures.append("the ledger is not kept in the archive")
    return sorted(found, key=lambda said: said.thread_id), failures, completed


async def accept(
    address: ArchiveAddress, meant: Meant, *, by: str, reason: str
) -> None:
    """Accept that what failed stays in the archive alone."""
    async with (
        open_searched(address, stale_ok=False) as archive,
        open_import(archive, meant.name, environment({})) as opened,
    ):
        selection = await find_threads(archive, meant.selection)
        count = 0
        async for transcript in archive.find()(selection):
            count += await opened.accept(transcript.thread_id, by=by, reason=reason)
        click.echo(f"{plural(count, 'message')} accepted as they are")


async def keep(opened: OpenedImport) -> bool:
    """Keep the ledger in the archive; say so where it cannot be."""
    try:
        await opened.keep()
    except ArchiverError as error:
        say(f"NOT KEPT in the archive, the ledger: {error}. The next run keeps it.",
            err=True)  # fmt: skip
        return False
    return True
