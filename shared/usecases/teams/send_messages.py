"""Send the messages of a thread into its chat, each once.

Rule 1: a message that may have arrived is looked for by its millisecond, and by whom it
        was sent as, whatever the map says since. What the ledger knows to be another
        message is never taken for it.
Rule 2: a millisecond that another message has is given up for the next one that is
        free; both times are in the ledger.
Rule 3: a millisecond that is said to be taken, where nothing can be seen there, is in
        doubt where it may be our own: then nothing is sent until it can be told.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from shared.domain.imports import ImportStatus, MessageLine, failed
from shared.formats.graph_plan import Post
from shared.formats.graph_times import milliseconds, written
from shared.ports.teams_chats import (
    Collision,
    InDoubt,
    NotTold,
    Refused,
    TargetMessage,
    TeamsChats,
)
from shared.usecases.teams.as_erased import check_no_news
from shared.usecases.teams.import_log import ImportLog
from shared.usecases.teams.message_files import MessageFiles

TRIES = 5
"""How often a message is sent that may have arrived."""
WAITS = (0.2, 0.5, 1, 2, 4, 8)
"""Seconds after which a message is looked for that cannot be seen yet."""
MOST_MOVED = 1_000
"""Milliseconds by which a message may be moved."""


class Attempt(Enum):
    """What came of sending a message once."""

    SETTLED = "settled"
    """It arrived, or is refused for good: its line says which."""
    TAKEN = "taken"
    """Another message has its millisecond."""
    IN_DOUBT = "in doubt"
    NOT_TOLD = "not told"
    """Something of this time is there and cannot be seen yet: it may be this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessages:
    """Sends messages into one chat. `taken` are times of messages that arrived.

    `orders` are the thread's orders to erase, as they were when it was planned.
    """

    chats: TeamsChats
    log: ImportLog
    files: MessageFiles
    orders: bytes
    chat_id: str
    taken: set[str] = field(default_factory=set)
    waits: Sequence[float] = WAITS

    async def send(self, post: Post, line: MessageLine) -> None:
        """Send one message, or find it where an earlier try has sent it.

        Raises:
            NotTold: nobody can tell whether it arrived.
            Transient: Graph or the log cannot be reached; the next run goes on.

        """
        in_doubt = line.status is ImportStatus.SENDING
        if in_doubt and await self.is_found(line):
            return
        author = str(post.body["from"]["user"]["id"]).lower()
        line = replace(line, chat_id=self.chat_id, sent_as=author, version=post.version)
        first = line.effective
        if not in_doubt:
            line = replace(line, effective=free(first, self.taken))
        body, pictures = await self.files.added_to(post)
        tries = 0
        while tries < TRIES:
            attempts = line.attempts + 1
            line = replace(line, attempts=attempts, pictures=pictures)
            line = replace(line, status=ImportStatus.SENDING)
            await self.confirm()
            await self.log.record(line)
            match await self.attempt(line, body, in_doubt=in_doubt):
                case Attempt.SETTLED:
                    return
                case Attempt.IN_DOUBT:
                    in_doubt, tries = True, tries + 1
                case Attempt.NOT_TOLD:
                    if await self.is_found_later(line):
                        return
                    break
                case Attempt.TAKEN:
                    in_doubt, tries = False, 0
                    self.taken.add(line.effective)
                    line = replace(line, effective=free(line.effective, self.taken))
                    if is_too_far(first, line.effective):
                        error = f"no free millisecond within {MOST_MOVED}"
                        await self.log.record(failed(line, error))
                        return
        raise NotTold("Microsoft Graph does not say whether it took a message")

    async def confirm(self) -> None:
        """See that a message may still be sent: this takes long, and others work too.

        Raises:
            Transient: the import is another's by now, or something was erased.

        """
        await self.log.confirm()
        thread_id = self.files.transcript.thread_id
        await check_no_news(self.files.archive, thread_id, self.orders)

    async def attempt(
        self, line: MessageLine, body: Mapping[str, Any], *, in_doubt: bool
    ) -> Attempt:
        """Send a message once; `in_doubt` where it may stand at this time already."""
        try:
            target_id = await self.chats.post(
                self.chat_id, {"createdDateTime": line.effective, **body}
            )
        except Collision:
            # One look: what is shown between two of them may be this very message.
            there = await self.at(line.effective)
            if await self.is_among(there, line):
                return Attempt.SETTLED
            return Attempt.TAKEN if there or not in_doubt else Attempt.NOT_TOLD
        except Refused as error:
            if in_doubt and await self.is_found(line):
                return Attempt.SETTLED
            await self.log.record(failed(line, str(error)))
            return Attempt.SETTLED
        except InDoubt:
            is_found = await self.is_found(line)
            return Attempt.SETTLED if is_found else Attempt.IN_DOUBT
        await self.arrived(line, target_id)
        return Attempt.SETTLED

    async def settle(self, line: MessageLine) -> bool:
        """Look for a message that may have arrived, and is not to be sent any more.

        Return whether it did. There is no asking again that would tell, so it is
        looked for as long as a service may show it late.
        """
        return await self.is_found(line) or await self.is_found_later(line)

    async def is_found_later(self, line: MessageLine) -> bool:
        """Look for a message for a while: a service shows some things late."""
        for seconds in self.waits:
            await asyncio.sleep(seconds)
            if await self.is_found(line):
                return True
        return False

    async def is_found(self, line: MessageLine) -> bool:
        """Return whether a message stands in the chat at its time, and record that."""
        return await self.is_among(await self.at(line.effective), line)

    async def is_among(self, there: Sequence[TargetMessage], line: MessageLine) -> bool:
        known = self.log.state.thread(line.thread_id).messages.values()
        others = {
            each.target_id for each in known if each.message_id != line.message_id
        }
        target = next(
            (
                each.id
                for each in there
                if each.author and each.author == line.sent_as and each.id not in others
            ),
            "",
        )
        if target:
            await self.arrived(line, target)
        return bool(target)

    async def arrived(self, line: MessageLine, target_id: str) -> None:
        self.taken.add(line.effective)
        done = replace(line, status=ImportStatus.IMPORTED, target_id=target_id)
        await self.log.record(replace(done, last_error=""))

    async def at(self, time: str) -> list[TargetMessage]:
        """Return what stands in the chat at a millisecond."""
        wanted = milliseconds(time)
        return [
            found
            for found in await self.chats.newest_until(self.chat_id, time)
            if milliseconds(found.created_on) == wanted
        ]


def free(time: str, taken: set[str]) -> str:
    """Return a time, or the next millisecond that is not taken."""
    at = milliseconds(time)
    if at is None:
        return time
    while written(at) in taken:
        at += 1
    return written(at)


def is_too_far(first: str, time: str) -> bool:
    return (milliseconds(time) or 0) - (milliseconds(first) or 0) > MOST_MOVED
