"""`chat-archive view`: an archive in a browser, from a server on this machine."""

import os
import sys
import webbrowser

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.viewing import index_before
from shared.bootstrap.viewing import view as serve_view
from shared.cli.options import archive_argument, runs
from shared.cli.progress import threads_bar
from shared.cli.text import say

HIGHEST_PORT = 65535
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")


@click.command()
@archive_argument
@click.option(
    "--log",
    "has_log",
    is_flag=True,
    help="Show events as they come to the log, too: a storage account has one.",
)
@click.option(
    "--port",
    type=click.IntRange(0, HIGHEST_PORT),
    default=0,
    help="Port on 127.0.0.1; without, any that is free.",
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@runs
async def view(
    address: ArchiveAddress, has_log: bool, port: int, no_browser: bool
) -> int:
    """Look at an archive, and events as they come, in a browser.

    The same pages as `site` makes, given by a server on 127.0.0.1 that reads the index
    and the archive as whoever you are signed in as. Nothing but the index is written,
    and the browser keeps nothing. When the archive changes, a reload shows it.

    With --log there is a live page: events as they come to the log, with their delay,
    duplicates and quarantine. `tail` shows the same in a terminal.

    The address holds a random token: whoever has it, on this machine, sees what you
    see. Ctrl-C stops it.

    Exit status: 2 unreadable, 130 stopped.

    \b
    Examples:
      chat-archive view demo-archive/archive
      chat-archive view https://acme.blob.core.windows.net/chat-archive --log
    """

    def on_address(url: str) -> None:
        say(f"Serving {url}, on this machine only. Ctrl-C stops it.", err=True)
        if has_log:
            say(f"Live page: {url}live.html", err=True)
        if not no_browser and has_screen():
            webbrowser.open(url)

    async with open_archive(address) as archive:
        with threads_bar("indexing") as on_indexed:
            await index_before(archive, on_indexed, has_log=has_log)
        await serve_view(archive, port=port, has_log=has_log, on_address=on_address)
    return 0


def has_screen() -> bool:
    """Return whether a browser has a window; one of a terminal would take that over."""
    return sys.platform in ("win32", "darwin") or any(map(os.environ.get, SCREENS))
