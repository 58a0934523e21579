"""What a backfill keeps in the archive beside threads: chat logs, what it found."""

from collections.abc import Awaitable, Iterable

from shared.bootstrap.archive_input import archive_input
from shared.bootstrap.opened_archive import OpenedArchive
from shared.cli.text import say
from shared.domain.errors import ArchiverError, IntegrityError
from shared.usecases.evidence.read_input import read_input
from shared.usecases.inventory.backfill import Backfill
from shared.usecases.inventory.chat_logs import ChatLog, keep_chat_log
from shared.usecases.inventory.decisions import (
    DECISIONS,
    NO_DECISIONS,
    Decisions,
    decisions_in,
)
from shared.usecases.inventory.kept_inventory import keep_inventory


async def keep_logs(archive: OpenedArchive, logs: Iterable[ChatLog]) -> bool:
    """Keep chat logs; say which could not be. Return whether all are kept."""
    kept = True
    for log in logs:
        keep = keep_chat_log(archive_input(archive), log)
        kept &= await is_done(keep, f"the chat log {log.name}")
    return kept


async def keep_found(archive: OpenedArchive, work: Backfill) -> bool:
    """Keep what a run has found; say so where it cannot be. Return whether it is."""
    keep = keep_inventory(archive_input(archive), work.run.name, work.inventory)
    return await is_done(keep, "what was found")


async def decisions_of(archive: OpenedArchive) -> Decisions:
    """Return what somebody has accepted; nothing where that cannot be read."""
    try:
        return decisions_in(await read_input(archive.archive, DECISIONS))
    except IntegrityError as error:
        say(f"NOT READ: what was accepted: {error}", err=True)
        return NO_DECISIONS


async def is_done(keep: Awaitable[object], what: str) -> bool:
    try:
        await keep
    except ArchiverError as error:
        say(
            f"NOT KEPT in the archive, {what}: {error}. The same command again keeps "
            "it; nothing else is lost.",
            err=True,
        )
        return False
    return True
