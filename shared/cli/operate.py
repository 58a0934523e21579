"""`chat-archive status` and `redeliver`: what is going on, and what needs attention."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta

import click

from shared.bootstrap.archive import ArchiveAddress, open_archive
from shared.cli.options import JSON, archive_argument, runs
from shared.cli.setting_options import setting_options
from shared.cli.text import printable, say
from shared.config.reader import read_settings
from shared.config.settings import read_due
from shared.domain.times import format_time
from shared.domain.words import plural
from shared.usecases.capture.redeliver import Redelivered
from shared.usecases.capture.status import Status

MOST_REASONS = 10
POISON = "events on poison"


@click.command()
@archive_argument
@setting_options("QUIET_FOR", "MAX_OPEN")
@JSON
@runs
async def status(
    address: ArchiveAddress, settings: Mapping[str, str], as_json: bool
) -> int:
    """Show what is going on: log, queues, quarantine, last sweep.

    Exit status: 0 all is well, 1 something needs attention, 2 unreadable.

    \b
    Examples:
      chat-archive status
      chat-archive status https://acme.blob.core.windows.net/chat-archive --json
    """
    due = read_settings(settings, read_due)
    async with open_archive(address) as archive:
        found = await archive.status(due)()
    needs = found.needs_attention
    if as_json:
        click.echo(
            json.dumps(asdict(found) | {"needs_attention": needs}, default=format_time)
        )
    else:
        print_status(found)
    return 1 if needs else 0


def print_status(status: Status) -> None:
    for need in status.needs_attention:
        say(f"LOOK: {need}")
    lag = status.ingest_lag
    # Two services have two clocks: an event may be kept before it happened.
    late = "-" if lag is None else str(timedelta(seconds=round(max(lag, 0.0), 1)))
    sweep = status.last_sweep
    swept = f"{format_time(sweep.on)}, {sweep.queued} queued" if sweep else "never"
    rows = {
        "threads in the log": status.threads,
        "due to be archived": status.due,
        "newest event kept": status.newest_activity or "never",
        "its delay": late,
        "threads queued": status.queued,
        "threads on poison": status.poisoned,
        "events queued": status.queued_events,
        "events on poison": status.poisoned_events,
        "in quarantine": status.quarantined,
        "dead-letter files": status.dead_letters,
        "last sweep": swept,
    }
    for name, value in rows.items():
        click.echo(f"{name:<20}{value}")


@click.command()
@archive_argument
@click.option("--execute", is_flag=True, help="Do it; without, only say what there is.")
@JSON
@runs
async def redeliver(address: ArchiveAddress, execute: bool, as_json: bool) -> int:
    """Take in events again that could not be processed.

    They are taken from quarantine, from Event Grid's dead letters and, where Event Grid
    delivers by queue, from the poison queue chat-events-poison. Events are ingested as
    if they had just arrived; an event that was known already stays one event. A file or
    message is removed once all of it is durable in the log. What still cannot be read
    stays in quarantine, or goes there.

    Exit status: 0 nothing is left, 1 something still cannot be read, 2 unreadable.

    \b
    Examples:
      chat-archive redeliver
      chat-archive redeliver --execute
    """
    async with open_archive(address) as archive:
        use = archive.redeliver(execute=execute)
        quarantined = await use.from_quarantine()
        dead = await use.from_dead_letters()
        poisoned = await use.from_poison_queue()
    every = {"quarantine": quarantined, "dead letters": dead, POISON: poisoned}
    if as_json:
        answer = {place: asdict(done) for place, done in every.items()}
        click.echo(json.dumps(answer | {"executed": execute}))
    else:
        verb = "redelivered" if execute else "can be redelivered"
        for place, done in every.items():
            noun = "message" if place == POISON else "file"
            print_redelivered(place, done, verb, noun)
        if not execute and any(done.redelivered for done in every.values()):
            click.echo("Nothing was changed. Give --execute to do it.")
    return 1 if any(done.unreadable for done in every.values()) else 0


def print_redelivered(where: str, done: Redelivered, verb: str, noun: str) -> None:
    least = "at least " if done.not_looked_at else ""
    click.echo(
        f"{where}: {least}{plural(done.redelivered, 'event')} {verb}, "
        f"{done.unreadable} still unreadable, "
        f"{done.removed} of {plural(done.files, noun)} removed"
    )
    if done.not_looked_at:
        more = plural(done.not_looked_at, noun)
        click.echo(f"  About {more} more: a queue shows its first messages only.")
    if done.is_protected:
        click.echo("  The files stay: a policy of the container forbids removing them.")
    for reason, times in done.reasons.most_common(MOST_REASONS):
        click.echo(printable(f"  {times} x {reason}"))
