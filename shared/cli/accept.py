"""`chat-archive accept`: what is missing and cannot be had, as somebody decides."""

from collections.abc import Sequence

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.archive_input import archive_input
from shared.bootstrap.reporting import begin_report, make_report
from shared.cli.options import (
    archive_argument,
    by_option,
    reason_option,
    run_option,
    runs,
)
from shared.cli.text import printable, say
from shared.usecases.inventory.decisions import About, Decision, keep_decisions
from shared.usecases.inventory.report import InventoryReport

CLOSED = {
    About.THREAD: {
        "archived": "it is archived",
        "deleted": "it is closed already: the service has deleted it",
    },
    About.USER: {
        "listed": "their threads were listed",
        "outside": "they are no user of this resource, and no doubt",
    },
}
"""Why there is nothing to accept, by what something is and how it stands."""
DAMAGED = "it has an archive that cannot be read; `chat-archive verify` says why"


@click.command()
@archive_argument
@click.option(
    "--thread", "threads", multiple=True, help="A thread's id; may be repeated."
)
@click.option("--user", "users", multiple=True, help="A raw id; may be repeated.")
@by_option
@reason_option
@run_option
@click.option("--withdraw", is_flag=True, help="Take back what was accepted, instead.")
@click.option(
    "--execute", is_flag=True, help="Do it. Without it, only say what would be kept."
)
@runs
async def accept(
    address: ArchiveAddress,
    threads: tuple[str, ...],
    users: tuple[str, ...],
    by: str,
    reason: str,
    name: str,
    withdraw: bool,
    execute: bool,
) -> int:
    """Accept that a thread, or a user's threads, cannot be had.

    A thread that nobody may read any more makes every report incomplete. Who decides
    that nothing is to be done about it says so here: the decision is kept in the
    archive as evidence, with who, when and why, and `report` names it as closed. It
    is about how the thread or user stands now: while it stands otherwise, that decides
    nothing.

    The reason stays; keep people out of it.

    Exit status: 0 done or planned, 1 of one of them there is nothing to accept or to
    take back, and nothing was kept, 2 unreadable.

    \b
    Examples:
      chat-archive accept --thread 19:… --reason "identities deleted in 2024" archive
      chat-archive accept --user 8:acs:… --reason "case 12" --execute archive
    """
    if not threads and not users:
        raise click.UsageError("Give --thread or --user: what is accepted?")
    wanted = [(About.THREAD, each) for each in dict.fromkeys(threads)]
    wanted += [(About.USER, each) for each in dict.fromkeys(users)]
    async with open_archive(address) as archive:
        kept = archive_input(archive)
        report = await (make_report if threads else begin_report)(archive, name)
        refused = [
            f"{id_}: {why}"
            for about, id_ in wanted
            if (why := why_not(report, about, id_, withdraw=withdraw))
        ]
        for refusal in refused:
            say(f"NOT {'TAKEN BACK' if withdraw else 'ACCEPTED'} {refusal}.", err=True)
        if refused:
            return 1
        decisions = [
            Decision(
                about=about,
                id=id_,
                status=status_of(report, about, id_),
                reason=reason,
                by=by,
                is_withdrawn=withdraw,
            )
            for about, id_ in wanted
        ]
        if execute:
            await keep_decisions(kept, decisions)
    show(decisions, is_done=execute)
    if not execute:
        click.echo("Nothing was kept. Give --execute to do it.")
    return 0


def show(decisions: Sequence[Decision], *, is_done: bool) -> None:
    for decision in decisions:
        verb = "taken back" if decision.is_withdrawn else "accepted"
        verb = verb if is_done else f"would be {verb}"
        status = decision.status or "unknown"
        click.echo(printable(f"{verb}: {decision.about} {decision.id} ({status})"))


def status_of(report: InventoryReport, about: About, id_: str) -> str:
    """Return how something stands; "" where nobody knows it."""
    if about is About.USER:
        user = report.inventory.users.get(id_)
        return str(user.state) if user else ""
    return next((str(row.status) for row in report.rows if row.thread_id == id_), "")


def why_not(report: InventoryReport, about: About, id_: str, *, withdraw: bool) -> str:
    """Return why there is nothing to accept or to take back; "" where there is."""
    known = report.decisions.by_id.get((about, id_))
    if withdraw:
        return "" if known else "nothing was accepted of it"
    status = status_of(report, about, id_)
    if any(row.is_damaged and row.thread_id == id_ for row in report.rows):
        return DAMAGED
    if not status:
        return (
            f"nobody knows such a {about}; give the whole id, as `chat-archive report` "
            "has it"
        )
    if known and known.status == status:
        return f"it is {known.text}"
    return CLOSED[about].get(status, "")
