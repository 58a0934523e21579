"""`chat-archive erase`: what is erased on request, so that every proof verifies."""

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.look_up import look_up, say_unknown
from shared.cli.options import (
    archive_argument,
    by_option,
    reason_option,
    runs,
)
from shared.cli.text import printable
from shared.domain.errors import ArchiverError
from shared.domain.words import plural
from shared.usecases.evidence.erase import Erase, Refused
from shared.usecases.evidence.erase_plan import Choice, ErasurePlan
from shared.usecases.evidence.revisions import revisions_of


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

    An id that the archive does not know erases nothing; a display name is no id.

    It ends with what it does not reach. A thread that has only a log so far, or an
    attempt that died, is reached once it is finalized.

    Exit status: 0 done or planned, 1 refused by a hold or a policy, nobody and nothing
    is meant, or a thread could not be reached, 2 unreadable.

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
        use, failures = archive.erase(), list[str]()
        try:
            plans = [plan async for plan in use.plan(choice, failures.append)]
        except Refused as error:
            click.echo(printable(f"REFUSED: {error}. Nothing was erased."), err=True)
            return 1
        for plan in plans:
            show_plan(plan)
        for failure in failures:
            click.echo(printable(f"UNREADABLE {failure}"), err=True)
        status = 0
        if not await is_meant(archive, choice, plans):
            status = 1
        elif any(plan.refused for plan in plans):
            click.echo("Nothing was erased.", err=True)
            status = 1
        elif not execute:
            click.echo("Nothing was erased. With --execute, this cannot be undone.")
        else:
            status = await carry_out(use, plans, choice, by=by, reason=reason)
        has_left = await show_unreached(archive, choice)
    return 1 if failures or has_left else status


async def show_unreached(archive: OpenedArchive, choice: Choice) -> bool:
    """Say what an erasure does not reach; return whether a later one would."""
    has_left = False
    async for place in archive.find_unreached()(choice):
        click.echo(printable(f"NOT REACHED {place.text}"), err=True)
        has_left |= place.is_thread
    click.echo(
        "Not reached: exports and packages, backups, what soft delete still holds, and "
        "the chat service itself.",
        err=True,
    )
    return has_left


async def is_meant(
    archive: OpenedArchive, choice: Choice, plans: list[ErasurePlan]
) -> bool:
    """Return whether each id names somebody or something; say what does not."""
    planned = {message for plan in plans for message in plan.messages}
    for message_id in sorted(choice.messages - planned):
        where = " or ".join(choice.threads) or "any thread of the archive"
        click.echo(
            printable(
                f"There is no message {message_id} in {where}. Nothing was erased; "
                "give the id as `chat-archive cat` shows it with --format json."
            ),
            err=True,
        )
        return False
    for thread_id in choice.threads:
        if not (await revisions_of(archive.archive, thread_id)).finished:
            known = await look_up(archive, thread=thread_id)
            say_unknown(thread_id, known, "Nothing was erased")
            return False
    if choice.participant and not plans:
        known = await look_up(
            archive, participant=choice.participant, threads=choice.threads
        )
        if not known.threads:
            say_unknown(choice.participant, known, "Nothing was erased")
            return False
        click.echo("Nothing of theirs is left to erase.")
    return True


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
