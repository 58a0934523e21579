"""`chat-archive mcp`: what lets an assistant read an archive."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.assistant import (
    TOKEN,
    Limits,
    check_sdk,
    serve_over_http,
    serve_over_stdio,
    token_from,
)
from shared.cli.mcp_config import CLIENTS, config_for
from shared.cli.mcp_start import checked
from shared.cli.options import archive_argument, runs
from shared.cli.text import say

PORT = 8717
WAITING = (
    "Waiting for an assistant to speak on standard input. --print-config says what to "
    "paste, so that one starts this. Ctrl-C stops it."
)
HIGHEST_PORT = 65535


class Port(click.ParamType[int]):
    """A port; what is none may be the ARCHIVE, which click has taken for it."""

    name = "port"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        try:
            port = int(value)
        except ValueError:
            self.fail("it is no port. ARCHIVE stands before --http.", param, ctx)
        if not 0 <= port <= HIGHEST_PORT:
            self.fail(f"a port is 0 to {HIGHEST_PORT}.", param, ctx)
        return port


@click.command()
@archive_argument
@click.option(
    "--http",
    "port",
    type=Port(),
    is_flag=False,
    flag_value=PORT,
    metavar="[PORT]",
    help=f"Serve http on 127.0.0.1, port {PORT} or this one (0: any), "
    "instead of serving one assistant over standard input and output.",
)
@click.option(
    "--thread",
    "threads",
    multiple=True,
    help="Show only this thread, by its id or a beginning of it that is unique; may be "
    "repeated.",
)
@click.option(
    "--participant",
    default="",
    help="Show only threads with this person: a raw id, or a name that only one person "
    "has.",
)
@click.option(
    "--stale-ok",
    is_flag=True,
    help="Answer from an index that is older than its archive, and say so.",
)
@click.option(
    "--print-config",
    "client",
    type=click.Choice(CLIENTS),
    help="Print what to paste into an assistant, and do nothing else.",
)
@runs
async def mcp(
    address: ArchiveAddress,
    port: int | None,
    threads: tuple[str, ...],
    participant: str,
    stale_ok: bool,
    client: str | None,
) -> int:
    """Let an assistant read an archive (Model Context Protocol).

    It gets tools that list threads, search and read messages, show every version of
    one, say who somebody is and how complete the archive is, and prove a message. They
    read the index (`chat-archive index`), and refuse one that is older than its
    archive; none writes to either. Each message comes with its citation. What was
    asked, and the ids that were shown, is logged beside the index. A thread that does
    not exist, and an index that is missing or older, are reported at the start.

    Over http, every request needs the token that is printed at the start; where
    CHAT_ARCHIVE_MCP_TOKEN is set, that one. docs/assistants.md says more. It needs the
    extra `mcp`.

    \b
    Examples:
      chat-archive mcp demo-archive/archive --print-config claude
      chat-archive mcp demo-archive/archive --participant 8:acs:…
      chat-archive mcp demo-archive/archive --http
    """  # fmt: skip
    limits = Limits(threads=threads, participant=participant)
    if client is not None:
        if address.text and "://" not in address.text:
            async with open_archive(address) as archive:
                limits = await checked(archive, limits, is_stale_ok=stale_ok)
        click.echo(printed(client, address, port, limits, stale_ok=stale_ok))
        return 0
    check_sdk()
    async with open_archive(address) as archive:
        limits = await checked(archive, limits, is_stale_ok=stale_ok)
        if port is None:
            if sys.stdin.isatty():
                say(WAITING, err=True)
            await serve_over_stdio(archive, limits, is_stale_ok=stale_ok)
            return 0
        token, is_new = token_from(os.environ)

        def on_address(url: str) -> None:
            say(f"Serving {url}, on this machine only. Ctrl-C stops it.", err=True)
            if is_new:
                say(f"Token: {token}", err=True)

        await serve_over_http(
            archive,
            limits,
            is_stale_ok=stale_ok,
            port=port,
            token=token,
            on_address=on_address,
        )
    return 0


def printed(
    client: str,
    address: ArchiveAddress,
    port: int | None,
    limits: Limits,
    *,
    stale_ok: bool,
) -> str:
    """Return what to paste, and say what is not in it."""
    if port is not None:
        if client == "copilot" or not port:
            raise click.UsageError(
                "The coding agent of Copilot runs elsewhere and cannot reach this "
                "machine: leave out --http."
                if client == "copilot"
                else "Give --http the port that the server is to have."
            )
        say(f"The token is not in it: set {TOKEN} for the server and the assistant.",
            err=True)  # fmt: skip
        return config_for(client, [], f"http://127.0.0.1:{port}/mcp")
    if not address.text:
        say("No ARCHIVE is in it: set CHAT_STORAGE or ARCHIVE_URL where it starts.",
            err=True)  # fmt: skip
    elif address.shown != address.text:
        say("What was secret in the address is not in it.", err=True)
    arguments = ["mcp", *([absolute(address)] if address.text else [])]
    for thread in limits.threads:
        arguments += ["--thread", thread]
    if limits.participant:
        arguments += ["--participant", limits.participant]
    return config_for(client, arguments + (["--stale-ok"] if stale_ok else []))


def absolute(address: ArchiveAddress) -> str:
    """Return the archive as it is found from anywhere, without secrets."""
    shown = address.shown
    return shown if "://" in shown else str(Path(shown).absolute())
