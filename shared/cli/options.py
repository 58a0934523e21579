"""Options that many commands share, and how a command is run."""

import asyncio
import functools
import getpass
import os
import re
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import click
from click.core import ParameterSource

from shared.bootstrap.archive import ArchiveAddress, environment
from shared.cli.text import printable, sentence
from shared.domain import layout
from shared.domain.errors import ArchiverError
from shared.domain.evidence.canonical import LONGEST_STRING
from shared.telemetry import unforeseen
from shared.usecases.inventory.runs import USUAL_RUN

Command = Callable[..., Any]

STOPPED = 130
"""The exit status of what Ctrl-C ended, as shells have it."""


class Unreadable(click.ClickException):
    """There is nothing here that could be looked at."""

    exit_code = 2


def archive_argument(command: Command) -> Command:
    """Add where the archive stands; the command is called with its `address`."""

    @functools.wraps(command)
    def resolve(
        *args: Any, archive: str, connection_string: str, **options: Any
    ) -> Any:
        if is_given("connection_string"):
            # What stands in the environment must not win over what was typed.
            if is_given("archive"):
                raise click.UsageError("Give either ARCHIVE or --connection-string.")
            archive = ""
        env = environment({"CHAT_STORAGE": connection_string})
        return command(*args, address=ArchiveAddress(text=archive, env=env), **options)

    chosen = click.option(
        "--connection-string",
        envvar="CHAT_STORAGE",
        default="",
        show_envvar=True,
        help="Storage account of the archive, where ARCHIVE is not given.",
    )(resolve)
    return click.argument(
        "archive", metavar="[ARCHIVE]", default="", envvar="ARCHIVE_URL"
    )(chosen)


def check_text(
    context: click.Context,  # noqa: ARG001 - as click has it
    parameter: click.Parameter,  # noqa: ARG001
    text: str,
) -> str:
    """Return what was typed, which has to be text."""
    if re.search("[\ud800-\udfff]", text):
        raise click.BadParameter("it is not UTF-8 text.")
    return text


def is_folder(text: str) -> bool:
    """Return whether something that was typed is a folder; it may be no path at all."""
    return os.path.isdir(text)  # noqa: PTH112 - a Path raises where a name is too long


def is_given(parameter: str) -> bool:
    """Return whether a parameter was typed, and does not come from elsewhere."""
    source = click.get_current_context().get_parameter_source(parameter)
    return source is ParameterSource.COMMANDLINE


def check_recorded(
    context: click.Context,  # noqa: ARG001 - as click has it
    parameter: click.Parameter,  # noqa: ARG001
    text: str,
) -> str:
    """Return what a record can keep: text that says something, and is not too long."""
    if not text.strip():
        raise click.BadParameter("it is blank, and the record has to say something.")
    if len(text) > LONGEST_STRING:
        raise click.BadParameter(
            f"it has {len(text)} characters; {LONGEST_STRING} at most."
        )
    if re.search("[\ud800-\udfff]", text):
        raise click.BadParameter("it is not UTF-8 text.")
    return text


def check_if_given(
    context: click.Context, parameter: click.Parameter, text: str
) -> str:
    """Return "" where nothing is given, else what a record can keep."""
    return text and check_recorded(context, parameter, text)


def user_name() -> str:
    """Return the user's name.

    Raises:
        click.UsageError: the system knows none, as in a container.

    """
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise click.UsageError(
            "The system does not know your name: give --by, which the record keeps."
        ) from None


def by_option(command: Command) -> Command:
    return click.option(
        "--by",
        default=user_name,
        show_default="the user's name",
        callback=check_recorded,
        help=f"Who asked for it; kept in the record. {LONGEST_STRING} characters.",
    )(command)


def reason_option(command: Command) -> Command:
    return click.option(
        "--reason",
        required=True,
        callback=check_recorded,
        help=f"Why, such as a ticket; kept in the record. {LONGEST_STRING} characters.",
    )(command)


def thread_argument(command: Command) -> Command:
    """Add the thread that is meant; without one, say how to name it."""
    return click.argument(
        "thread", required=False, metavar="THREAD", callback=check_thread
    )(command)


def check_thread(
    context: click.Context,  # noqa: ARG001 - as click has it
    parameter: click.Parameter,  # noqa: ARG001
    thread: str | None,
) -> str:
    if not thread:
        raise click.UsageError("Name a THREAD by its id; `chat-archive list` has all.")
    if is_folder(thread):
        raise click.UsageError(
            f"{thread} is a folder: name the THREAD first; "
            f"`chat-archive list {thread}` has all."
        )
    return thread


JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
JSON_LINES = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per line."
)


DEVICE = re.compile("aux|con|nul|prn|(?:com|lpt)[0-9]")
"""What no folder can be called on Windows."""


def run_option(command: Command) -> Command:
    return click.option(
        "--run",
        "name",
        default=USUAL_RUN,
        show_default=True,
        callback=check_run_name,
        help="Name of the backfill's run.",
    )(command)


def check_run_name(
    context: click.Context,  # noqa: ARG001 - as click has it
    parameter: click.Parameter,  # noqa: ARG001
    name: str,
) -> str:
    if not layout.RUN_NAME.fullmatch(name) or DEVICE.fullmatch(name):
        raise click.BadParameter(
            "small letters, digits and hyphens, 63 at most; no device of Windows."
        )
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
        except BrokenPipeError:
            # Who reads has seen enough (`… | head`). Python would complain once more
            # when it flushes at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 0
        except click.ClickException:
            raise
        except Exception as error:
            if is_debug:
                raise
            raise Unreadable(said_of(error)) from None
        context.exit(status)

    return run


def said_of(error: Exception) -> str:
    """Return what a user is told of an error.

    One of the system that names a file is of a path that somebody may have given; any
    other may be of anything, such as the network.
    """
    if isinstance(error, ArchiverError):
        return sentence(str(error))
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        name = os.fsdecode(error.filename)
        return printable(f"{name} cannot be used: {error.strerror}.")
    text = str(unforeseen(error))
    return (
        f"{text[0].upper()}{text[1:]}. Run the same command again "
        "with `chat-archive --debug …` to see its text, which may hold chat "
        "content."
    )
