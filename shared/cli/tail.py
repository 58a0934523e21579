"""`chat-archive tail`: events as they come to the log, in a terminal."""

import asyncio
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.bootstrap.identity import utc_now
from shared.cli.options import JSON_LINES, archive_argument, runs
from shared.cli.text import as_json as json_line
from shared.cli.text import printable, say, shown
from shared.config.reader import SettingsReader
from shared.domain.errors import Transient
from shared.usecases.capture.watch import SeenEvent, Watch

EVERY = 1.0
"""Seconds between two looks; a look that takes long is followed by a longer pause."""
SHARE = 4
"""At most one part of so many of the time goes into listing the log."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
KIND, WHO, THREAD = 19, 16, 24
CUT = "…"
WAITING = "Waiting for events. Ctrl-C stops it."


def check_since(
    context: click.Context,  # noqa: ARG001 - as click has it
    parameter: click.Parameter,  # noqa: ARG001
    text: str | None,
) -> timedelta | None:
    if text is None:
        return None
    reader = SettingsReader({"it": text})
    found = reader.duration("it")
    if reader.problems:
        raise click.BadParameter(f"{reader.problems[0]}.")
    return found


@click.command()
@archive_argument
@click.option("--thread", default="", help="Show only this thread, by its id.")
@click.option(
    "--since",
    callback=check_since,
    help="Begin with what came in the last 90s, 15m, 2h or 1d.",
)
@click.option("--from-start", is_flag=True, help="Begin with all that the log holds.")
@click.option("--once", is_flag=True, help="Show what there is, and do not wait.")
@JSON_LINES
@runs
async def tail(
    address: ArchiveAddress,
    thread: str,
    since: timedelta | None,
    from_start: bool,
    once: bool,
    as_json: bool,
) -> int:
    """Show events as they come to the log, with their delay.

    It reads the log in the storage account, once a second, and nothing else: it
    subscribes to nothing, and what came while it was not looking comes next. The
    seconds in the line are those from when something happened until it was kept. An
    event that is a copy of one shown before is marked as a duplicate; what went to
    quarantine is shown with its reason.

    Ctrl-C stops it. Exit status: 0 done (--once), 2 unreadable, 130 stopped.

    \b
    Examples:
      chat-archive tail
      chat-archive tail --since 15m --thread 19:…@thread.v2
      chat-archive tail --from-start --once --json
    """
    begins = BEGINNING if from_start else utc_now() - since if since else None
    if once and begins is None:
        raise click.UsageError("Give --since or --from-start with --once.")
    async with open_archive(address) as archive:
        watch = archive.watch(since=begins, thread_id=thread)
        show = as_object if as_json else as_line
        if not once:
            say(WAITING, err=True)
        while True:
            began = time.monotonic()
            for event in await (watch.round() if once else looked(watch)):
                click.echo(show(event))
            if once and not watch.is_behind:
                return 0
            if not once:
                # While it is behind, the next look lists nothing.
                listed = 0.0 if watch.is_behind else time.monotonic() - began
                await asyncio.sleep(max(EVERY, listed * SHARE))


async def looked(watch: Watch) -> list[SeenEvent]:
    """Return what came; nothing where the storage cannot be reached just now."""
    try:
        return await watch.round()
    except Transient as error:
        say(f"{error}: trying again", err=True)
        return []


def as_object(event: SeenEvent) -> str:
    return json_line(asdict(event))


def as_line(event: SeenEvent) -> str:
    """Return an event on a line: what people wrote moves no cursor."""
    late = "" if event.lag is None else f"{event.lag:.1f}s"
    said = event.reason or event.text
    mark = " (duplicate)" if event.is_duplicate else ""
    return (
        f"{event.received_on[:19].replace('T', ' '):<19}  {late:>7}  "
        f"{event.kind + mark:<{KIND}}  "
        f"{cut(shown(event.who or event.who_id or '-'), WHO):<{WHO}}  "
        f"{cut(printable(event.thread_id or '-'), THREAD):<{THREAD}}  {shown(said)}"
    ).rstrip()


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + CUT
