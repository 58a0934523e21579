"""`chat-archive erase`: what is erased on request, so that every proof verifies."""

from collections.abc import Mapping

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.archive_input import erase_input
from shared.bootstrap.erasing import find_unreached, open_erase
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.clearing import clear_indexes, clear_insights
from shared.cli.erasure_input import erase_person, plan_of_input, show_input_plan
from shared.cli.look_up import look_up, say_unknown
from shared.cli.options import (
    archive_argument,
    by_option,
    reason_option,
    runs,
)
from shared.cli.setting_options import setting_options
from shared.cli.text import printable, say
from shared.domain.errors import ArchiverError
from shared.domain.evidence.orders import ScopeKind
from shared.domain.words import plural
from shared.usecases.evidence.erase import Erase, Refused, Unfinished
from shared.usecases.evidence.erase_input import InputErasurePlan
from shared.usecases.evidence.erase_plan import Choice, ErasurePlan
from shared.usecases.evidence.revisions import revisions_of


@click.command()
@archive_argument
@click.option(
    "--participant", default="", help="Raw id: what they said, and about them."
)
@click.option(
    "--message", "messages", multiple=True, help="A message's id; may be repeated."
)
@click.option("--topic", is_flag=True, help="The topics of one thread (--thread).")
@click.option(
    "--thread", "threads", multiple=True, help="Only in this thread; may be repeated."
)
@by_option
@reason_option
@setting_options("ACS_CONNECTION_STRING", "ACS_ENDPOINT", "ACS_READER_IDS")
@click.option(
    "--execute", is_flag=True, help="Do it. Without it, only say what would be erased."
)
@runs
async def erase(
    address: ArchiveAddress,
    participant: str,
    messages: tuple[str, ...],
    topic: bool,
    threads: tuple[str, ...],
    by: str,
    reason: str,
    execute: bool,
    settings: Mapping[str, str],
) -> int:
    """Erase content for good; every proof still verifies.

    Lines of the input lose content and salt, in every revision and in the log, and
    what was rendered from them is rendered anew. What stays is that there was a
    message, when, by which id, and a commitment that nobody can guess from; and who
    had it erased, when and why. So keep the person out of the reason: it stays. A
    message's id is unique in its thread only: give --thread with --message. Nothing is
    deleted from the chat service.

    Without --thread, --participant takes what is kept of the person beside threads
    too: in the directory of people, in inventories, in chat logs. A later backfill
    keeps nothing of them there, whatever it is given.

    What others wrote about somebody is not found. An id that the archive does not know
    erases nothing; a display name is no id.

    This machine's index (`chat-archive index`) is cleared, and what a model said of the
    threads (`chat-archive insights`) is removed.

    A thread whose log holds more than the archive is archived first, if the ACS
    resource is given; else it is refused, and reached once it is finalized. It ends
    with what it does not reach.

    Exit status: 0 done or planned, 1 refused by a hold or a policy, nobody and nothing
    is meant, or a thread could not be reached, 2 unreadable.

    \b
    Examples:
      chat-archive erase --participant 8:acs:… --reason "request 12" ARCHIVE
      chat-archive erase --message 1795363469316 --thread 19:…@thread.v2
          --reason "request 12" --execute ARCHIVE
    """
    choice = Choice(
        participant=participant,
        messages=frozenset(messages),
        topic=topic,
        threads=threads,
    )
    check(choice)
    if participant and participant in reason:
        click.echo(
            "The reason names the person, and stays for ever; better do not.", err=True
        )
    async with (
        open_archive(address) as archive,
        open_erase(archive, settings) as use,
    ):
        failures = list[str]()
        try:
            plans = [plan async for plan in use.plan(choice, failures.append)]
            beside = await plan_of_input(archive, choice, failures)
        except Refused as error:
            say(f"REFUSED: {error}. Nothing was erased.", err=True)
            return 1
        for plan in plans:
            show_plan(plan)
        show_input_plan(beside)
        for failure in failures:
            say(f"UNREADABLE {failure}", err=True)
        can_go = await is_meant(archive, choice, plans, beside) and may_go(
            [*(plan.refused for plan in plans), beside.refused]
        )
        status = 0 if can_go else 1
        if can_go and execute:
            status = await carry_out(use, plans, choice, by=by, reason=reason)
            if beside.lines:
                erase_beside = erase_input(archive)
                done = erase_person(erase_beside, participant, by=by, reason=reason)
                status = max(status, await done)
            status = max(status, await clear_indexes(archive))
            reached = {plan.thread_id for plan in plans}
            status = max(status, await clear_insights(archive, reached))
        elif can_go:
            is_done = all(plan.is_done for plan in plans) and not beside.lines
            click.echo(NOTHING_LEFT if is_done else NOT_YET)
        has_left = await show_unreached(archive, choice, can_go=can_go)
    return 1 if failures or has_left else status


NOT_YET = "Nothing was erased. With --execute, this cannot be undone."
NOTHING_LEFT = "Nothing is left to erase."


def may_go(refusals: list[str]) -> bool:
    """Return whether nothing forbids it, anywhere; say that nothing was erased."""
    if any(refusals):
        click.echo("Nothing was erased.", err=True)
        return False
    return True


def check(choice: Choice) -> None:
    """See that exactly one thing is meant.

    Raises:
        click.UsageError: nothing is, or more than one kind of thing.

    """
    meant = [bool(choice.participant), bool(choice.messages), choice.topic]
    if sum(meant) != 1:
        raise click.UsageError(
            "Give one of --participant, --message, --topic: what should be erased?"
        )
    if choice.topic and len(choice.threads) != 1:
        raise click.UsageError("--topic erases one thread's topics: give one --thread.")


async def show_unreached(
    archive: OpenedArchive, choice: Choice, *, can_go: bool
) -> bool:
    """Say what an erasure does not reach; return whether a later one would.

    Of copies elsewhere it speaks only where something can be erased at all.
    """
    has_left = False
    async for place in find_unreached(archive)(choice):
        say(f"NOT REACHED {place.text}", err=True)
        has_left |= place.is_thread
    if can_go:
        click.echo(
            "Not reached: exports, tables, sites and packages, backups, versions that "
            "the storage keeps, indexes on other machines and where the archive stood "
            "before (refused until they are built again), insights that are kept "
            "elsewhere (`--insights`; shown nowhere until they are made again), what "
            "a model's service keeps of questions, chats that were imported into "
            "Teams, and the chat service itself.",
            err=True,
        )
    return has_left


async def is_meant(
    archive: OpenedArchive,
    choice: Choice,
    plans: list[ErasurePlan],
    beside: InputErasurePlan,
) -> bool:
    """Return whether each id names somebody or something; say what does not."""
    for thread_id in choice.threads:
        if not (await revisions_of(archive.archive, thread_id)).finished:
            known = await look_up(archive, thread=thread_id)
            say_unknown(thread_id, known, "Nothing was erased")
            return False
    planned = {message for plan in plans for message in plan.ids}
    for message_id in sorted(choice.messages - planned):
        where = " or ".join(choice.threads) or "any thread of the archive"
        click.echo(
            printable(
                f"There is no message {message_id} in {where}. Nothing was erased; "
                "give the id as `chat-archive cat` shows it after the #."
            ),
            err=True,
        )
        return False
    if choice.topic and not plans:
        click.echo("The thread has no topic. Nothing was erased.", err=True)
        return False
    if choice.participant and not plans and not (beside.lines or beside.is_done):
        known = await look_up(
            archive, participant=choice.participant, threads=choice.threads
        )
        say_unknown(choice.participant, known, "Nothing was erased")
        return False
    return True


async def carry_out(
    use: Erase, plans: list[ErasurePlan], choice: Choice, *, by: str, reason: str
) -> int:
    status = 0
    for plan in plans:
        try:
            done = await use(plan.thread_id, choice, by=by, reason=reason)
        except Unfinished as error:
            click.echo(f"NOT FINISHED {plan.thread_id}: {error}", err=True)
            status = 1
        except ArchiverError as error:
            click.echo(f"NOT ERASED {plan.thread_id}: {error}", err=True)
            status = 1
        else:
            if done.changed or not plan.is_done:
                files = plural(done.changed, "file")
                click.echo(f"erased {printable(plan.thread_id)}: {files} changed")
            for place in done.left:
                say(f"LATER {place}", err=True)
    return status


def show_plan(plan: ErasurePlan) -> None:
    what = plural(len(plan.messages), "message")
    if plan.scope is ScopeKind.TOPIC:
        what = "its topics"
    text = f"{plan.thread_id}: {what}, {plural(plan.lines, 'line')} of the input"
    if plan.senderless:
        count = plural(plan.senderless, "message")
        text += f"; not {count} whose sender nobody knows"
    if plan.is_done:
        text = f"{plan.thread_id}: erased already"
    click.echo(printable(text))
    if plan.refused:
        say(f"  REFUSED: {plan.refused}")
