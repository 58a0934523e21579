"""What `chat-archive erase` takes of what is kept beside threads: see `erasure`."""

import click

from shared.bootstrap.archive_input import erase_input
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.text import say
from shared.domain.errors import ArchiverError, IntegrityError
from shared.domain.words import plural
from shared.usecases.evidence.erase import Unfinished
from shared.usecases.evidence.erase_input import EraseInput, InputErasurePlan
from shared.usecases.evidence.erase_plan import Choice

WHERE = "what is kept beside threads"


async def plan_of_input(
    archive: OpenedArchive, choice: Choice, failures: list[str]
) -> InputErasurePlan:
    """Return what would go; nothing where a message, a topic or a thread is meant.

    Raises:
        Refused: a line of the ledger cannot be read, and may be a hold.

    """
    if not choice.participant or choice.threads:
        return InputErasurePlan()
    try:
        return await erase_input(archive).plan(choice.participant)
    except IntegrityError as error:
        failures.append(f"{WHERE}: {error}")
        return InputErasurePlan()


def show_input_plan(plan: InputErasurePlan) -> None:
    if plan.lines:
        click.echo(f"{WHERE}: {plural(plan.lines, 'line')}")
    if plan.is_done:
        click.echo(f"{WHERE}: erased already")
    if plan.refused:
        say(f"  REFUSED: {plan.refused}")


async def erase_person(use: EraseInput, person: str, *, by: str, reason: str) -> int:
    """Erase a person there; return the exit status."""
    try:
        lines = await use(person, by=by, reason=reason)
    except Unfinished as error:
        say(f"NOT FINISHED {WHERE}: {error}", err=True)
        return 1
    except ArchiverError as error:
        say(f"NOT ERASED {WHERE}: {error}", err=True)
        return 1
    click.echo(f"erased {WHERE}: {plural(lines, 'line')}")
    return 0
