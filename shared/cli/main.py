"""The command `chat-archive`."""

import io
import sys
from typing import Any

import click

from shared import __version__
from shared.bootstrap.identity import silence_sdk_logs
from shared.cli.accept import accept
from shared.cli.backfill import backfill
from shared.cli.certificate import certificate
from shared.cli.doctor import doctor
from shared.cli.erasure import erase
from shared.cli.evidence import checkpoint, prove
from shared.cli.export import export
from shared.cli.formats import formats
from shared.cli.hold import hold
from shared.cli.index import index
from shared.cli.insights import insights
from shared.cli.list import list_threads
from shared.cli.mcp import mcp
from shared.cli.operate import redeliver, status
from shared.cli.people import people
from shared.cli.read import cat, show
from shared.cli.report import report
from shared.cli.search import search
from shared.cli.site import site
from shared.cli.tail import tail
from shared.cli.teams import teams
from shared.cli.verify import verify
from shared.cli.view import view
from shared.domain.words import printable

HELP_OPTIONS = ["-h", "--help"]
PREFIX = "CHAT_ARCHIVE"
"""What the environment variables of options begin with."""


class SafeOutputGroup(click.Group):
    """A group whose output can be read by everybody, wherever it goes.

    It is UTF-8: into a pipe or a file Python writes in the code page of Windows, which
    lacks most characters that people write. And no error moves a terminal's cursor,
    whatever was named on the command line.
    """

    def main(self, *args: Any, **options: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors="replace")
        return super().main(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            lines = error.message.split("\n")
            error.message = "\n".join(map(printable, lines))  # type: ignore[misc]
            raise


@click.group(
    cls=SafeOutputGroup,
    context_settings={
        "help_option_names": HELP_OPTIONS,
    },
)
@click.version_option(__version__, prog_name="chat-archive")
@click.option("--debug", is_flag=True, help="Show where an error comes from.")
def main(debug: bool) -> None:
    """Work with the archives of ACS chat threads.

    An ARCHIVE is a folder, a package, the address of a container
    (https://….blob.core.windows.net/chat-archive, as who is signed in to Azure), or a
    file system of fsspec (s3://…). Without one ARCHIVE_URL, CHAT_STORAGE or
    CHAT_STORAGE__blobServiceUri says which. Every option can come from the
    environment, as CHAT_ARCHIVE_<COMMAND>_<OPTION>.

    Exit status: 0 done, 1 wrong or missing, 2 unreadable or usage, 130 Ctrl-C.

    \b
    Examples:
      chat-archive backfill --users users.txt --follow --here archive
      chat-archive verify archive
    """
    if not debug:
        silence_sdk_logs()


def name_in_environment(command: click.Command, prefix: str) -> None:
    """Let each option be set by the variable that its flag is called after.

    Click would call it after the parameter, which is not always called like that.
    """
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            name_in_environment(below, f"{prefix}_{name.upper()}")
    for option in command.params:
        if isinstance(option, click.Option) and option.envvar is None:
            flag = max(option.opts, key=len).lstrip("-")
            option.envvar = f"{prefix}_{flag.upper().replace('-', '_')}"


for command in (
    backfill,
    report,
    accept,
    people,
    status,
    doctor,
    tail,
    redeliver,
    index,
    search,
    list_threads,
    show,
    cat,
    site,
    view,
    verify,
    checkpoint,
    prove,
    export,
    teams,
    certificate,
    formats,
    erase,
    hold,
    insights,
    mcp,
):
    main.add_command(command)
    name_in_environment(command, f"{PREFIX}_{str(command.name).upper()}")

if __name__ == "__main__":
    main()
