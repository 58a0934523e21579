"""Options of the commands about insights: which threads, what is asked, which model."""

import functools
import os
from dataclasses import dataclass, field
from typing import Any

import click

from shared.bootstrap.insights import model_address
from shared.cli.options import Command
from shared.cli.selection import OPTIONS
from shared.cli.text import sentence
from shared.domain.errors import ArchiverError
from shared.domain.insights.terms import OUTPUT_TOKENS, PART_TOKENS, Terms
from shared.usecases.insights.subjects import LONGEST_LABEL, MOST_LABELS
from shared.usecases.reading.find import Selection

LEAST_TOKENS, MOST_TOKENS = 500, 1_000_000

OF_THREADS = ("threads", "participant", "topic")
PLACE = click.option(
    "--insights",
    "place",
    default="",
    metavar="PLACE",
    help="Where insights are kept: a folder, or the address of a container. Without, "
    "ARCHIVE-insights beside a folder, or the container chat-insights.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which threads are meant, and what of them; `limit` is how many at most."""

    selection: Selection = field(default_factory=Selection)
    since_last: bool = False
    again: bool = False
    limit: int | None = None


def thread_options(command: Command) -> Command:
    """Add which threads are meant; the command is given that as `wanted`."""

    @functools.wraps(command)
    def select(*args: Any, **options: Any) -> Any:
        wanted = Wanted(
            selection=Selection(**{name: options.pop(name) for name in OF_THREADS}),
            since_last=options.pop("since_last"),
            again=options.pop("again"),
            limit=options.pop("limit"),
        )
        return command(*args, wanted=wanted, **options)

    chosen: Command = select
    chosen = click.option(
        "--limit",
        type=click.IntRange(min=1),
        help="At most so many threads, those with the newest messages first.",
    )(chosen)
    chosen = click.option(
        "--again", is_flag=True, help="Make current insights once more, too."
    )(chosen)
    chosen = click.option(
        "--since-last",
        is_flag=True,
        help="Look only at threads that have changed since the last run over all.",
    )(chosen)
    for name in reversed(OF_THREADS):
        chosen = OPTIONS[name](chosen)
    return chosen


def terms_options(command: Command) -> Command:
    """Add what is asked; the command is given it as `terms`."""

    @functools.wraps(command)
    def ask(*args: Any, **options: Any) -> Any:
        terms = Terms(
            labels=options.pop("labels"),
            part_tokens=options.pop("part_tokens"),
            output_tokens=options.pop("output_tokens"),
        )
        return command(*args, terms=terms, **options)

    chosen: Command = ask
    tokens = click.IntRange(LEAST_TOKENS, MOST_TOKENS)
    chosen = click.option(
        "--output-tokens",
        type=tokens,
        default=OUTPUT_TOKENS,
        show_default=True,
        help="The longest answer; a model that thinks first needs more.",
    )(chosen)
    chosen = click.option(
        "--part-tokens",
        type=tokens,
        default=PART_TOKENS,
        show_default=True,
        help="How much of a thread is asked about at once, by estimate.",
    )(chosen)
    return click.option(
        "--label",
        "labels",
        multiple=True,
        callback=check_labels,
        help="A label to choose from, such as `complaint`; may be repeated.",
    )(chosen)


def check_labels(
    context: click.Context,  # noqa: ARG001 - as click has it
    parameter: click.Parameter,  # noqa: ARG001
    labels: tuple[str, ...],
) -> tuple[str, ...]:
    """Return labels, each once, in an order of their own: the same ask the same."""
    for label in labels:
        if not label.strip() or len(label) > LONGEST_LABEL or not label.isprintable():
            raise click.BadParameter(
                f"a label is one line of text, {LONGEST_LABEL} characters at most."
            )
    if len(set(labels)) > MOST_LABELS:
        raise click.BadParameter(f"{MOST_LABELS} labels at most.")
    return tuple(sorted({label.strip() for label in labels}))


def model_options(command: Command) -> Command:
    """Add which model is asked; the command is given it as `model`."""

    @functools.wraps(command)
    def choose(*args: Any, endpoint: str, deployment: str, **options: Any) -> Any:
        try:
            model = model_address(endpoint, deployment, os.environ)
        except ArchiverError as error:
            raise click.UsageError(sentence(str(error))) from None
        return command(*args, model=model, **options)

    chosen = click.option(
        "--deployment",
        envvar="INSIGHTS_DEPLOYMENT",
        default="",
        show_envvar=True,
        help="The deployment's name; elsewhere the model's.",
    )(choose)
    return click.option(
        "--endpoint",
        envvar="INSIGHTS_ENDPOINT",
        default="",
        show_envvar=True,
        help="Where the model is: https://NAME.openai.azure.com/openai/v1/, or any "
        "server with OpenAI's interface. INSIGHTS_API_KEY holds a key; without, Azure "
        "is asked as whoever is signed in.",
    )(chosen)
