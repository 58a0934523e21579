"""`chat-archive insights`: what a model says of threads, with words to check it by."""

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.identity import utc_now
from shared.bootstrap.insights import ModelAddress, check_all, open_make, open_place
from shared.cli import insights_output as output
from shared.cli.insights_batches import collect, submit
from shared.cli.insights_opened import opened
from shared.cli.insights_options import (
    PLACE,
    Wanted,
    model_options,
    terms_options,
    thread_options,
)
from shared.cli.options import JSON, archive_argument, runs
from shared.cli.progress import threads_bar
from shared.cli.text import as_json as to_json
from shared.cli.text import say
from shared.domain.insights.terms import Terms
from shared.usecases.insights.plan import PlanInsights
from shared.usecases.insights.run import RunInsights

PRICE = click.FloatRange(min=0)


@click.group()
def insights() -> None:
    """Have a model summarise threads, and check its quotes.

    It says what a thread is about, what is still to do, which of your labels fit, and
    where personal data stands. Each statement cites messages: by version, commitment
    and quote. A quote that does not stand there is rejected, and a statement without
    one is dropped. They are kept apart from the archive, and are no evidence.
    docs/azure-openai.md says more.
    """


@insights.command()
@archive_argument
@PLACE
@thread_options
@terms_options
@click.option("--input-price", type=PRICE, help="Price of a million tokens in.")
@click.option("--output-price", type=PRICE, help="Price of a million tokens out.")
@JSON
@runs
async def plan(
    address: ArchiveAddress,
    place: str,
    wanted: Wanted,
    terms: Terms,
    input_price: float | None,
    output_price: float | None,
    as_json: bool,
) -> int:
    """Estimate what insights would take and cost.

    From the index (`chat-archive index`), without asking a model: nothing is sent, and
    nothing is downloaded. Prices change, so give those of your deployment.

    \b
    Example:
      chat-archive insights plan demo-archive/archive --input-price 0.25
          --output-price 2
    """
    if (input_price is None) != (output_price is None):
        raise click.UsageError("Give both --input-price and --output-price.")
    async with opened(address, place, terms, wanted, sends=False) as (subjects, _):
        with threads_bar("estimating") as on_thread:
            planned = await PlanInsights(subjects=subjects, on_thread=on_thread)()
    costs = None
    if input_price is not None and output_price is not None:
        now = planned.cost(input_price, output_price)
        costs = (now, now / 2)
    if as_json:
        answer = output.planned_json(planned)
        if costs:
            answer |= {"cost": costs[0], "cost_of_batches": costs[1]}
        click.echo(to_json(answer))
    else:
        output.say_planned(planned, costs)
    return 0


@insights.command()
@archive_argument
@PLACE
@thread_options
@terms_options
@model_options
@JSON
@runs
async def run(
    address: ArchiveAddress,
    place: str,
    wanted: Wanted,
    terms: Terms,
    model: ModelAddress,
    as_json: bool,
) -> int:
    """Make insights now.

    The texts of the threads are sent to the model. What is current is left as it is,
    so a run that was stopped goes on, and the next one asks only about threads that
    have changed. It needs the extra `ai`.

    Exit status: 0 done, 1 some threads failed, 2 unreadable, or the model refuses.

    \b
    Examples:
      chat-archive insights run ARCHIVE --label complaint --label refund
          --endpoint https://NAME.openai.azure.com/openai/v1/ --deployment gpt-5-mini
      chat-archive insights run ARCHIVE --since-last
    """
    async with (
        opened(address, place, terms, wanted, sends=True) as (subjects, where),
        open_make(model, terms) as make,
    ):
        say(f"Asking {model.deployment} at {model.service}.", err=True)
        with threads_bar("asking") as on_thread:
            ran = await RunInsights(
                subjects=subjects, make=make, clock=utc_now, on_thread=on_thread
            )()
    if as_json:
        click.echo(to_json({"insights": where.name, **output.ran_json(ran)}))
    else:
        output.say_ran(ran, where.name)
    return 1 if ran.failures else 0


@insights.command()
@archive_argument
@PLACE
@JSON
@runs
async def check(address: ArchiveAddress, place: str, as_json: bool) -> int:
    """Check every citation against the archive.

    Offline, and without a model. Each has to name a version of a message that the
    archive has, with its commitment, and its quote has to stand in that version.
    `verify` says whether the archive is what it was.

    Exit status: 0 all hold, 1 some do not, 2 unreadable.

    \b
    Example:
      chat-archive insights check demo-archive/archive
    """
    async with open_archive(address) as archive, open_place(archive, place) as where:
        with threads_bar("checking") as on_thread:
            checked = await check_all(archive, where, on_thread)()
    if as_json:
        click.echo(to_json({"insights": where.name, **output.checked_json(checked)}))
    else:
        output.say_checked(checked)
    return 1 if checked.problems else 0


for command in (submit, collect):
    insights.add_command(command)
