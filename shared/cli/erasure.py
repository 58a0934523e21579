"""`chat-archive erase` and `hold`: what is erased on request, and what may not be."""

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.cli.options import (
    archive_argument,
    by_option,
    reason_option,
    runs,
)
from shared.cli.text import printable
from shared.domain.errors import ArchiverError
from shared.domain.words import plural
from shared.usecases.evidence.erase import Erase
from shared.usecases.evidence.erase_plan import Choice, ErasurePlan
from shared.usecases.evidence.holds import Hold


@click.command()
@archive_argument
@click.option("--participant", default="", help="Raw id: their messages and name.")
@click.option(
    "--message", "messages", multiple=True, help="A message's id; may be repeated."
)
@click.option(
    "--thread", "threads", multiple=True, help="Only in this thread; may be repeated."
)
@by_option
@reason_option
@click.option(
    "--execute", is_flag=True, help="Do it. Without it, only say what would be erased."
)
@runs
async def erase(
    address: ArchiveAddress,
    participant: str,
    messages: tuple[str, ...],
    threads: tuple[str, ...],
    by: str,
    reason: str,
    execute: bool,
) -> int:
    """Erase content for good, so that every proof still verifies.

    Content, salt and names are removed from every file of every revision and from
    the log. What stays is that there was a message, when, by which id, and the
    commitment to its content; and who erased it, when and why. A message's id is
    unique in its thread only: give --thread with --message. Nothing is deleted from
    the chat service.

    Exit status: 0 done or planned, 1 refused by a hold or a policy, 2 unreadable.

    \b
    Examples:
      chat-archive erase --participant 8:acs:… --reason "request 12" ARCHIVE
      chat-archive erase --message 1795363469316 --thread 19:…@thread.v2
          --reason "request 12" --execute ARCHIVE
    """
    if not participant and not messages:
        raise click.UsageError(
            "Give --participant or --message: what should be erased?"
        )
    choice = Choice(
        participant=participant, messages=frozenset(messages), threads=threads
    )
    async with open_archive(address) as archive:
        use = archive.erase()
        plans = [plan async for plan in use.plan(choice)]
        for plan in plans:
            show_plan(plan)
        if not plans:
            click.echo("Nothing in the archive matches.")
            return 0
        if any(plan.refused for plan in plans):
            click.echo("Nothing was erased.", err=True)
            return 1
        if not execute:
            click.echo("Nothing was erased. With --execute, this cannot be undone.")
            return 0
        return await carry_out(use, plans, choice, by=by, reason=reason)


async def carry_out(
    use: Erase, plans: list[ErasurePlan], choice: Choice, *, by: str, reason: str
) -> int:
    status = 0
    for plan in plans:
        try:
            changed = await use(plan, choice, by=by, reason=reason)
        except ArchiverError as error:
            click.echo(f"NOT ERASED {plan.thread_id}: {error}", err=True)
            status = 1
        else:
            files = plural(changed, "file")
            click.echo(f"erased {printable(plan.thread_id)}: {files} changed")
    return status


def show_plan(plan: ErasurePlan) -> None:
    name = " and their name" if plan.names else ""
    text = (
        f"{plan.thread_id}: {plural(len(plan.messages), 'message')}, "
        f"{plural(plan.versions, 'version')} with content{name}, "
        f"in {plural(len(plan.revisions), 'revision')}"
    )
    click.echo(printable(text))
    if plan.refused:
        click.echo(printable(f"  REFUSED: {plan.refused}"))


@click.group()
def hold() -> None:
    """Legal holds: what may not be erased.

    A hold stands in the ledger with its reason and who set it. Releasing one deletes
    nothing.
    """


@hold.command()
@archive_argument
@click.option("--thread", default="", help="Hold a thread, by its id.")
@click.option("--participant", default="", help="Hold a participant, by their raw id.")
@by_option
@reason_option
@runs
async def add(
    address: ArchiveAddress,
    thread: str,
    participant: str,
    by: str,
    reason: str,
) -> int:
    """Forbid erasing in a thread, or of a participant's messages."""
    if bool(thread) == bool(participant):
        raise click.UsageError("Give either --thread or --participant.")
    async with open_archive(address) as archive:
        new = await archive.holds().add(
            thread_id=thread, participant=participant, reason=reason, by=by
        )
    click.echo(f"Hold {new.id} is set.")
    return 0


@hold.command()
@click.argument("hold_id", metavar="HOLD")
@archive_argument
@by_option
@reason_option
@runs
async def remove(hold_id: str, address: ArchiveAddress, by: str, reason: str) -> int:
    """Release a hold. Nothing is deleted."""
    async with open_archive(address) as archive:
        await archive.holds().release(hold_id, reason=reason, by=by)
    click.echo(f"Hold {hold_id} is released. Nothing was deleted.")
    return 0


@hold.command(name="list")
@archive_argument
@runs
async def list_holds(address: ArchiveAddress) -> int:
    """List the holds that are in force."""
    async with open_archive(address) as archive:
        found = await archive.holds().active()
    for hold in found.values():
        click.echo(printable(line_of(hold)))
    if not found:
        click.echo("No hold is in force.", err=True)
    return 0


def line_of(hold: Hold) -> str:
    what = hold.thread_id or hold.participant
    return f"{hold.id}  {what}  since {hold.on} by {hold.by}: {hold.reason}"
