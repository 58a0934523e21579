"""`chat-archive insights submit` and `collect`: by batches, for half the price."""

import asyncio

import click

from shared.bootstrap.archive import ArchiveAddress
from shared.bootstrap.insights import ModelAddress, open_sender
from shared.cli import insights_output as output
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
from shared.domain.insights.terms import Terms
from shared.usecases.insights.collect import CollectInsights
from shared.usecases.insights.submit import SubmitInsights

LOOK_EVERY = 60.0
"""Seconds between two looks at batches with --wait."""


@click.command()
@archive_argument
@PLACE
@thread_options
@terms_options
@model_options
@JSON
@runs
async def submit(
    address: ArchiveAddress,
    place: str,
    wanted: Wanted,
    terms: Terms,
    model: ModelAddress,
    as_json: bool,
) -> int:
    """Send threads as batches, for half the price.

    They are answered within a day. What is current, or on its way already, is not sent.
    The deployment has to be one for batches. `collect` takes the answers.

    \b
    Example:
      chat-archive insights submit ARCHIVE --deployment gpt-5-mini-batch
          --endpoint https://NAME.openai.azure.com/openai/v1/
    """
    async with (
        opened(address, place, terms, wanted, sends=True) as (subjects, where),
        open_sender(model, terms, where) as sender,
    ):
        with threads_bar("gathering") as on_thread:
            sent = await SubmitInsights(
                subjects=subjects, sender=sender, on_thread=on_thread
            )()
    if as_json:
        click.echo(to_json({"insights": where.name, **output.submitted_json(sent)}))
    else:
        output.say_submitted(sent)
    return 0


@click.command()
@archive_argument
@PLACE
@model_options
@click.option("--wait", is_flag=True, help="Wait until every batch is collected.")
@JSON
@runs
async def collect(
    address: ArchiveAddress,
    place: str,
    model: ModelAddress,
    wait: bool,
    as_json: bool,
) -> int:
    """Take the answers of batches, and keep what holds.

    What the service has of a batch is deleted there afterwards.

    Exit status: 0 done, or batches still wait; 1 some threads failed, 2 unreadable.

    \b
    Example:
      chat-archive insights collect ARCHIVE --wait --deployment gpt-5-mini-batch
          --endpoint https://NAME.openai.azure.com/openai/v1/
    """
    everything, terms = Wanted(), Terms()
    status = 0
    async with (
        opened(address, place, terms, everything, sends=True) as (subjects, where),
        open_sender(model, terms, where) as sender,
    ):
        collect_now = CollectInsights(
            index=subjects.index, kept=where.kept, sender=sender
        )
        while True:
            collected = await collect_now()
            status |= bool(collected.ran.failures)
            if as_json:
                click.echo(to_json(output.collected_json(collected)))
            else:
                output.say_collected(collected, where.name)
            is_waiting = collected.waiting or collected.submitted
            if not (wait and is_waiting):
                return status
            await asyncio.sleep(LOOK_EVERY)
