"""`chat-archive status` and `replay`: what is going on, and what waits for somebody."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from shared.bootstrap.app import new_salt
from shared.bootstrap.archives import Target, opened
from shared.cli.options import archive_argument, runs, utc_now
from shared.cli.text import printable
from shared.config.settings import SettingsReader
from shared.domain import layout
from shared.domain.errors import ConfigError
from shared.ports.append_log import ThreadLogs
from shared.ports.archive_store import ArchiveFiles
from shared.ports.unprocessed_events import UnprocessedEvents
from shared.usecases.capture.ingest import Ingest
from shared.usecases.capture.redeliver import Redeliver, Redelivered
from shared.usecases.capture.status import ReadStatus, Status

if TYPE_CHECKING:
    from shared.adapters.storage.work_queue import StorageWorkQueue

MOST_REASONS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The parts of a storage account that a running app works on."""

    log: ThreadLogs
    log_files: ArchiveFiles
    queue: "StorageWorkQueue"
    poison: "StorageWorkQueue"
    quarantine: UnprocessedEvents
    dead_letters: UnprocessedEvents


@asynccontextmanager
async def running(target: Target) -> AsyncIterator[Running]:
    """Open what a folder does not have."""
    from shared.adapters.storage.archive_store import BlobArchiveStore
    from shared.adapters.storage.unprocessed_events import BlobUnprocessedEvents
    from shared.adapters.storage.work_queue import StorageWorkQueue

    if target.account is None or target.blobs is None or target.log is None:
        raise click.UsageError(
            "A folder has no log and no queue: name the storage account, by "
            "CHAT_STORAGE or by its container's address."
        )
    log, letters = (
        target.blobs.get_container_client(name)
        for name in (layout.LOG, layout.DEAD_LETTER)
    )
    async with AsyncExitStack() as stack:
        queue, poison = [
            StorageWorkQueue(
                await stack.enter_async_context(target.account.queue(name))
            )
            for name in (layout.FINALIZE_QUEUE, layout.POISON_QUEUE)
        ]
        yield Running(
            log=target.log,
            log_files=BlobArchiveStore(target.blobs, container=layout.LOG),
            queue=queue,
            poison=poison,
            quarantine=BlobUnprocessedEvents(log, layout.quarantine_folder("")),
            dead_letters=BlobUnprocessedEvents(letters),
        )


@click.command()
@archive_argument
@click.option(
    "--quiet-for",
    envvar="QUIET_FOR",
    default="24h",
    show_default=True,
    help="When a thread is due, as the app has it.",
)
@click.option("--max-open", envvar="MAX_OPEN", default="7d", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@runs
async def status(
    archive: str, connection_string: str, quiet_for: str, max_open: str, as_json: bool
) -> int:
    """Show what is going on: log, queue, quarantine, dead letters, the last sweep.

    Exit status: 0 all well, 1 something needs somebody, 2 unreadable.

    \b
    Examples:
      chat-archive status
      chat-archive status https://acme.blob.core.windows.net/chat-archive --json
    """
    reader = SettingsReader({"QUIET_FOR": quiet_for, "MAX_OPEN": max_open})
    spans = reader.duration("QUIET_FOR", ""), reader.duration("MAX_OPEN", "")
    if reader.problems:
        raise ConfigError(reader.problems)
    async with (
        opened(archive, connection_string) as target,
        running(target) as parts,
    ):
        taken = await ReadStatus(
            log=parts.log,
            log_files=parts.log_files,
            control_files=target.control_files,
            queue=parts.queue,
            poison=parts.poison,
            quarantine=parts.quarantine,
            dead_letters=parts.dead_letters,
            clock=utc_now,
            quiet_for=spans[0],
            max_open=spans[1],
        )()
    needs = taken.needs_somebody
    if as_json:
        click.echo(json.dumps(asdict(taken) | {"needs_somebody": needs}))
    else:
        print_status(taken)
    return 1 if needs else 0


def print_status(status: Status) -> None:
    for need in status.needs_somebody:
        click.echo(f"LOOK: {need}")
    lag = status.ingest_lag
    late = "-" if lag is None else str(timedelta(seconds=round(lag, 1)))
    sweep = status.last_sweep
    swept = f"{sweep['on']}, {sweep['queued']} queued" if sweep else "never"
    rows = {
        "threads in the log": status.threads,
        "due to be archived": status.due,
        "newest event kept": status.newest_activity or "never",
        "after it happened": late,
        "queue": status.queued,
        "poison queue": status.poisoned,
        "in quarantine": status.quarantined,
        "dead-letter files": status.dead_letters,
        "last sweep": swept,
    }
    for name, value in rows.items():
        click.echo(f"{name:<20}{value}")


@click.command()
@archive_argument
@click.option("--execute", is_flag=True, help="Do it; without, only say what there is.")
@runs
async def replay(archive: str, connection_string: str, execute: bool) -> int:
    """Take quarantined and dead-lettered events in again, after a fix.

    Events go through ingest as if they had just come; one that was known already stays
    one event. A file is removed once all of it is durable in the log. What still cannot
    be read stays in quarantine.

    Exit status: 0 nothing is left, 1 something still cannot be read, 2 unreadable.

    \b
    Examples:
      chat-archive replay
      chat-archive replay --execute
    """
    async with (
        opened(archive, connection_string) as target,
        running(target) as parts,
    ):
        redeliver = Redeliver(
            quarantine=parts.quarantine,
            dead_letters=parts.dead_letters,
            ingest=Ingest(
                log=parts.log,
                queue=parts.queue,
                clock=utc_now,
                new_salt=new_salt,
                settle_for=timedelta(),
            ),
            log=parts.log,
            execute=execute,
        )
        quarantined = await redeliver.from_quarantine()
        dead = await redeliver.from_dead_letters()
    verb = "taken in" if execute else "can be taken in"
    print_redelivered("quarantine", quarantined, verb)
    print_redelivered("dead letters", dead, verb)
    if not execute and quarantined.redelivered + dead.redelivered:
        click.echo("Nothing was changed. Give --execute to do it.")
    return 1 if quarantined.unreadable + dead.unreadable else 0


def print_redelivered(where: str, done: Redelivered, verb: str) -> None:
    click.echo(
        f"{where}: {done.redelivered} event(s) {verb}, "
        f"{done.unreadable} still unreadable, "
        f"{done.removed} of {done.files} file(s) removed"
    )
    if done.is_kept:
        click.echo("  The files stay: a policy of the container forbids removing them.")
    for reason, times in Counter(done.reasons).most_common(MOST_REASONS):
        click.echo(printable(f"  {times} x {reason}"))
