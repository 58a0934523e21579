"""Options that many commands share, and how a command is run."""

import asyncio
import functools
import getpass
from collections.abc import Callable, Coroutine
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from shared.bootstrap.archives import Unreadable
from shared.domain import layout
from shared.domain.archive.checkpoint import Checkpoint, parse_checkpoint
from shared.domain.errors import ArchiverError
from shared.usecases.archive.find import Selection

Command = Callable[..., Any]

STOPPED = 130
"""The exit status of what Ctrl-C ended, as shells have it."""


def archive_argument(command: Command) -> Command:
    """Add where the archive stands: ARCHIVE, or a connection string."""
    command = click.option(
        "--connection-string",
        envvar="CHAT_STORAGE",
        default="",
        show_envvar=True,
        help="Storage account of the archive, where ARCHIVE is not given.",
    )(command)
    return click.argument(
        "archive", metavar="[ARCHIVE]", default="", envvar="ARCHIVE_URL"
    )(command)


def by_option(command: Command) -> Command:
    return click.option(
        "--by",
        default=getpass.getuser,
        show_default="the user's name",
        help="Who has it done; kept in the record.",
    )(command)


def reason_option(command: Command) -> Command:
    return click.option(
        "--reason", required=True, help="Why, such as a ticket; kept in the record."
    )(command)


def selection_options(command: Command) -> Command:
    """Add which threads are meant; the command is given them as `selection`."""

    @functools.wraps(command)
    def select(*args: Any, **options: Any) -> Any:
        chosen = {one.name: options.pop(one.name) for one in fields(Selection)}
        return command(*args, selection=Selection(**chosen), **options)

    options = (
        click.option(
            "--thread",
            "threads",
            multiple=True,
            help="Only this thread; may be repeated.",
        ),
        click.option(
            "--participant", default="", help="Only threads with this raw id."
        ),
        click.option(
            "--topic", default="", help="Only threads with this in their topic."
        ),
        click.option(
            "--text", default="", help="Only threads where somebody said this."
        ),
        click.option(
            "--after", default="", help="Only messages after a time, or an id."
        ),
        click.option(
            "--before", default="", help="Only messages before a time, or an id."
        ),
    )
    chosen: Command = select
    for option in reversed(options):
        chosen = option(chosen)
    return chosen


def run_option(command: Command) -> Command:
    return click.option(
        "--run",
        "name",
        default="estate",
        show_default=True,
        callback=check_run_name,
        help="Name of the backfill's run.",
    )(command)


def check_run_name(
    context: click.Context,  # noqa: ARG001 - as click has it
    parameter: click.Parameter,  # noqa: ARG001
    name: str,
) -> str:
    if not layout.RUN_NAME.fullmatch(name):
        raise click.BadParameter("small letters, digits and hyphens, 63 at most.")
    return name


def runs(command: Callable[..., Coroutine[Any, Any, int]]) -> Command:
    """Run an async command; its number is the exit status, an error is 2.

    Of an error that nobody foresaw only the type is shown: its text may hold content.
    """

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        context = click.get_current_context()
        is_debug = context.find_root().params.get("debug")
        try:
            status = asyncio.run(command(*args, **options))
        except KeyboardInterrupt:
            status = STOPPED
        except click.ClickException:
            raise
        except ArchiverError as error:
            if is_debug:
                raise
            raise Unreadable(str(error)) from None
        except Exception as error:
            if is_debug:
                raise
            name = type(error).__name__
            raise Unreadable(
                f"{name}, which should not happen. Give the same again with "
                "`chat-archive --debug …` to see where; the text may hold chat content."
            ) from None
        context.exit(status)

    return run


def read_checkpoint(file: Path | None) -> Checkpoint | None:
    """Read a checkpoint's file, where one was given.

    Raises:
        IntegrityError: it is none.

    """
    if file is None:
        return None
    return parse_checkpoint(file.read_bytes().decode("utf-8", "replace"))


def utc_now() -> datetime:
    return datetime.now(UTC)
