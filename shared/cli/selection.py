"""Options that say which threads and messages are meant."""

import functools
from typing import Any

import click

from shared.cli.options import Command, check_text
from shared.domain.search.limits import NoTime, limit
from shared.usecases.reading.find import Selection


def check_limit(
    context: click.Context,  # noqa: ARG001 - as click has it
    parameter: click.Parameter,  # noqa: ARG001
    text: str,
) -> str:
    """Return a limit that can be read: a day begins at midnight, UTC."""
    try:
        limit(text)
    except NoTime:
        raise click.BadParameter(
            f"{text!r} is no time and no id. Write a time as 2026-11-22 or "
            "2026-11-22T12:00Z."
        ) from None
    return text


OPTIONS = {
    "threads": click.option(
        "--thread",
        "threads",
        multiple=True,
        help="Only this thread, by id or its beginning; may be repeated.",
    ),
    "participant": click.option(
        "--participant",
        default="",
        callback=check_text,
        help="Only threads with this person: a raw id, or how a name begins.",
    ),
    "topic": click.option(
        "--topic",
        default="",
        callback=check_text,
        help="Only threads with this in their topic.",
    ),
    "text": click.option(
        "--text",
        default="",
        callback=check_text,
        help="Only threads with these words in a message; as for `search`.",
    ),
    "after": click.option(
        "--after",
        default="",
        callback=check_limit,
        help="Only messages after a time, or an id; a day is included.",
    ),
    "before": click.option(
        "--before",
        default="",
        callback=check_limit,
        help="Only messages before a time, or an id; a day is not included.",
    ),
}
"""By field of a selection."""


def selection_options(command: Command, *, without: str = "") -> Command:
    """Add which threads are meant; the command is given them as `selection`."""
    names = [name for name in OPTIONS if name != without]

    @functools.wraps(command)
    def select(*args: Any, **options: Any) -> Any:
        chosen = {name: options.pop(name) for name in names}
        return command(*args, selection=Selection(**chosen), **options)

    chosen: Command = select
    for name in reversed(names):
        chosen = OPTIONS[name](chosen)
    return chosen
