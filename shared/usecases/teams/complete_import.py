"""Complete chats whose import fits their ledger; accept what failed, by a decision."""

from dataclasses import replace

from shared.domain.errors import Transient
from shared.domain.imports import ChatLine, ChatStep, ImportedThread, ImportStatus
from shared.domain.times import format_time
from shared.ports.clock import Clock
from shared.ports.teams_chats import InDoubt, TeamsChats
from shared.usecases.teams.import_log import ImportLog
from shared.usecases.teams.run_import import IN_PROGRESS

TRIES = 5


async def complete_thread(
    known: ImportedThread, chats: TeamsChats, log: ImportLog, clock: Clock
) -> None:
    """End the migration of a chat, which has been compared; record that.

    Raises:
        Refused: Graph refuses it.
        Transient: Graph does not say whether it did; the next run looks again.

    """
    await log.confirm()
    now = format_time(clock().replace(microsecond=0))
    if known.step is not None and not known.spoken_from:
        # From here on people may speak in it, also where this is killed.
        await log.record(
            ChatLine(
                thread_id=known.thread_id,
                step=known.step,
                chat_id=known.chat_id,
                on=now,
                spoken_from=now,
            )
        )
    for _ in range(TRIES):
        if (await chats.state(known.chat_id)).mode != IN_PROGRESS:
            break
        try:
            await chats.complete(known.chat_id)
        except InDoubt:
            continue
    else:
        raise Transient("Microsoft Graph does not complete the migration")
    await log.record(
        ChatLine(
            thread_id=known.thread_id,
            step=ChatStep.COMPLETED,
            chat_id=known.chat_id,
            on=now,
        )
    )


async def accept_failed(
    known: ImportedThread, log: ImportLog, *, by: str, reason: str
) -> int:
    """Record that messages which failed stay in the archive alone; return how many."""
    lines = [
        replace(
            line,
            status=ImportStatus.EXCLUDED,
            reason="accepted",
            accepted_by=f"{by}: {reason}",
        )
        for line in known.messages.values()
        if line.status is ImportStatus.FAILED
    ]
    await log.record(*lines)
    return len(lines)
