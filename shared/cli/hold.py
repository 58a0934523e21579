"""`chat-archive hold`: what may not be erased, and who said so."""

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.cli.look_up import covered, look_up, say_unknown
from shared.cli.options import (
    archive_argument,
    by_option,
    reason_option,
    runs,
)
from shared.cli.text import printable
from shared.usecases.archive.look_up import PERSON_ID, THREAD_ID
from shared.usecases.evidence.holds import Hold, NoSuchHold


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
@click.option(
    "--not-yet-archived",
    is_flag=True,
    help="Hold an id that the archive does not know yet.",
)
@by_option
@reason_option
@runs
async def add(
    address: ArchiveAddress,
    thread: str,
    participant: str,
    not_yet_archived: bool,
    by: str,
    reason: str,
) -> int:
    """Forbid erasing in a thread, or of a participant's messages.

    Says what the hold covers now; it covers what comes later too. An id that the
    archive does not know is refused: a display name or a typo would hold nothing.

    Exit status: 0 set, 1 nobody and nothing has this id, 2 unreadable.

    \b
    Examples:
      chat-archive hold add --participant 8:acs:… --reason "case 7" ARCHIVE
      chat-archive hold add --thread 19:…@thread.v2 --reason "case 7" ARCHIVE
    """
    if bool(thread) == bool(participant):
        raise click.UsageError("Give either --thread or --participant.")
    held_id, shape = thread or participant, THREAD_ID if thread else PERSON_ID
    async with open_archive(address) as archive:
        known = await look_up(archive, thread=thread, participant=participant)
        if not known.threads and not (not_yet_archived and shape.fullmatch(held_id)):
            say_unknown(held_id, known, "Nothing is held")
            if shape.fullmatch(held_id):
                click.echo(
                    "If it will be archived later: --not-yet-archived.", err=True
                )
            elif not_yet_archived:
                like = "19:…@thread.v2" if thread else "8:acs:…"
                click.echo(f"It has not the form of an id, such as {like}.", err=True)
            return 1
        new = await archive.holds().add(
            thread_id=thread, participant=participant, reason=reason, by=by
        )
    what = covered(known) if known.threads else "nothing that is archived yet"
    click.echo(f"Hold {new.id} is set. It covers {what}.")
    return 0


@hold.command()
@click.argument("hold_id", metavar="HOLD")
@archive_argument
@by_option
@reason_option
@runs
async def remove(hold_id: str, address: ArchiveAddress, by: str, reason: str) -> int:
    """Release a hold. Nothing is deleted.

    HOLD is its id, as `hold list` gives it.

    Exit status: 0 released, 1 there is no such hold in force, 2 unreadable.
    """
    async with open_archive(address) as archive:
        try:
            await archive.holds().release(hold_id, reason=reason, by=by)
        except NoSuchHold:
            click.echo(
                printable(
                    f"There is no hold {hold_id} in force; `chat-archive hold list` "
                    "names all. Nothing was released."
                ),
                err=True,
            )
            return 1
    click.echo(f"Hold {hold_id} is released. Nothing was deleted.")
    return 0


@hold.command(name="list")
@archive_argument
@runs
async def list_holds(address: ArchiveAddress) -> int:
    """List the holds that are in force.

    Exit status: 0 done, 1 a line of the ledger cannot be read and may be a hold.
    """
    async with open_archive(address) as archive:
        found = await archive.holds().active()
    for active in found.holds.values():
        click.echo(printable(line_of(active)))
    for line in found.unreadable:
        click.echo(printable(f"UNREADABLE {line}: it may be a hold"), err=True)
    if not found.holds and not found.unreadable:
        click.echo("No hold is in force.", err=True)
    return 1 if found.unreadable else 0


def line_of(active: Hold) -> str:
    what = active.thread_id or active.participant
    return f"{active.id}  {what}  since {active.on} by {active.by}: {active.reason}"
