"""`chat-archive hold`: what may not be erased, and who said so."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.look_up import covered, look_up, say_unknown
from shared.cli.options import (
    JSON_LINES,
    archive_argument,
    by_option,
    reason_option,
    runs,
)
from shared.cli.text import printable, say
from shared.domain.evidence.canonical import ID as MESSAGE_ID
from shared.domain.evidence.canonical import LONGEST_STRING
from shared.domain.words import plural
from shared.usecases.evidence.holds import BadHold, Hold, NoSuchHold
from shared.usecases.reading.look_up import PERSON_ID, THREAD_ID, Covered

SHOWN_DIGITS = 12
"""Of an id of 32; so many are enough to tell holds apart."""


@click.group()
def hold() -> None:
    """Legal holds: what may not be erased.

    A hold stands in the ledger with its reason and who set it. Releasing one deletes
    nothing.
    """


@hold.command()
@archive_argument
@click.option("--thread", default="", help="Hold a thread, by its id.")
@click.option(
    "--participant",
    default="",
    help="Hold a participant, by their raw id; with --thread, in this thread only.",
)
@click.option(
    "--message", default="", help="With --thread: hold this message alone, by its id."
)
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
    message: str,
    not_yet_archived: bool,
    by: str,
    reason: str,
) -> int:
    """Forbid erasing a thread, a message, or what somebody said.

    A participant is held in every thread, or in the one of --thread.

    Says what the hold covers now; it covers what comes later too. An id that the
    archive does not know is refused: a display name or a typo would hold nothing.

    Exit status: 0 set, 1 nobody and nothing has this id, 2 unreadable.

    \b
    Examples:
      chat-archive hold add --participant 8:acs:… --reason "case 7" ARCHIVE
      chat-archive hold add --thread 19:…@thread.v2 --reason "case 7" ARCHIVE
    """
    held = Held(thread=thread, participant=participant, message=message)
    held.check()
    async with open_archive(address) as archive:
        archive.check_writable()
        known, unknown_id = await found_of(archive, held)
        is_expected = not_yet_archived and held.has_form
        if unknown_id and not is_expected:
            say_unknown(unknown_id, known, "Nothing is held")
            say_form(held, not_yet_archived=not_yet_archived)
            return 1
        try:
            new = await archive.holds().add(
                thread_id=thread,
                participant=participant,
                message=message,
                why=reason,
                who=by,
            )
        except BadHold as error:
            raise click.UsageError(printable(str(error))) from None
    what = "nothing that is archived yet" if unknown_id else covered(known)
    click.echo(f"Hold {shortened(new)} is set. It covers {what}.")
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a hold is to be on; what is not meant is ""."""

    thread: str
    participant: str
    message: str

    def check(self) -> None:
        """See that one thing is meant.

        Raises:
            click.UsageError: nothing is, or a message of nowhere or of somebody.

        """
        if self.message and not self.thread:
            raise click.UsageError(
                "Give --thread too: a message is held in its thread."
            )
        if self.message and self.participant:
            raise click.UsageError(
                "Give either --message or --participant with --thread, or hold both."
            )
        if not self.thread and not self.participant:
            raise click.UsageError("Give --thread, --participant, or both.")

    @property
    def has_form(self) -> bool:
        """Whether these can be ids at all."""
        return not self.misshapen

    @property
    def misshapen(self) -> str:
        """What an id looks like, of the first of these that can be none; else ""."""
        for given, form, like in (
            (self.thread, THREAD_ID, "19:…@thread.v2"),
            (self.message, MESSAGE_ID, "1795363469316"),
            (self.participant, PERSON_ID, "8:acs:…"),
        ):
            if given and (len(given) > LONGEST_STRING or not form.fullmatch(given)):
                return like
        return ""


async def found_of(archive: OpenedArchive, held: Held) -> tuple[Covered, str]:
    """Return what a hold would cover, and which id the archive does not know, or ""."""
    if held.thread:
        known = await look_up(archive, thread=held.thread, message=held.message)
        if not known.threads:
            return known, held.message or held.thread
        if not held.participant:
            return known, ""
    threads = [held.thread] if held.thread else []
    known = await look_up(archive, participant=held.participant, threads=threads)
    return known, "" if known.threads else held.participant


def say_form(held: Held, *, not_yet_archived: bool) -> None:
    """Say how to hold an id that is still to come, or why it can never be one."""
    if held.has_form:
        click.echo("If it will be archived later: --not-yet-archived.", err=True)
    elif not_yet_archived:
        click.echo(f"It has not the form of an id, such as {held.misshapen}.", err=True)


@hold.command()
@click.argument("hold_id", metavar="HOLD")
@archive_argument
@by_option
@reason_option
@runs
async def remove(hold_id: str, address: ArchiveAddress, by: str, reason: str) -> int:
    """Release a hold. Nothing is deleted.

    HOLD is its id, as `hold list` gives it, or as much of it as no other begins with.

    Exit status: 0 released, 1 there is no such hold in force, 2 unreadable.
    """
    if not hold_id.strip():
        raise click.UsageError(
            "Give the id of a hold, as `chat-archive hold list` does."
        )
    async with open_archive(address) as archive:
        archive.check_writable()
        try:
            released = await archive.holds().release(hold_id, why=reason, who=by)
        except BadHold as error:
            raise click.UsageError(printable(str(error))) from None
        except NoSuchHold:
            click.echo(
                printable(
                    f"There is no hold {hold_id} in force, or more than one begins so; "
                    "`chat-archive hold list` names all. Nothing was released."
                ),
                err=True,
            )
            return 1
    click.echo(f"Hold {shortened(released)} is released. Nothing was deleted.")
    return 0


@hold.command(name="list")
@archive_argument
@JSON_LINES
@runs
async def list_holds(address: ArchiveAddress, as_json: bool) -> int:
    """List the holds that are in force.

    A package may withhold those of others.

    Exit status: 0 done, 1 a line of the ledger cannot be read and may be a hold.
    """
    async with open_archive(address) as archive:
        holds = archive.holds()
        found = await holds.active()
        threads = await holds.threads(
            {held.thread_key for held in found.holds.values()}
        )
    for active in found.holds.values():
        if as_json:
            thread = threads.get(active.thread_key, "")
            click.echo(json.dumps(asdict(active) | {"thread_id": thread}))
        else:
            click.echo(printable(line_of(active, threads)))
    for line in found.unreadable:
        say(f"UNREADABLE {line}: it may be a hold", err=True)
    if found.withheld:
        lines = plural(len(found.withheld), "line")
        click.echo(f"This package withholds {lines} about other holds.", err=True)
    if not found.holds and not found.is_unknown:
        click.echo("No hold is in force.", err=True)
    return 1 if found.unreadable else 0


def line_of(active: Hold, threads: Mapping[str, str]) -> str:
    """Return a hold in one line; `threads` has the ids of threads by key."""
    what = []
    if active.thread_key:
        unknown = f"a thread that is not here, of key {active.thread_key}"
        what.append(threads.get(active.thread_key, unknown))
    if active.message:
        what.append(f"message {active.message}")
    if active.participant:
        what.append(active.participant)
    text = ", ".join(what) or "everything"
    return (
        f"{shortened(active)}  {text}  since {active.when} by {active.who}: "
        f"{active.why}"
    )


def shortened(held: Hold) -> str:
    return held.id[:SHOWN_DIGITS]
