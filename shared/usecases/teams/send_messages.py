"""Send the messages of a thread into its chat, each once.

Rule 1: a message that may have arrived is looked for by its millisecond and author.
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
    """Sends messages into one chat. `taken` are times of messages that arrived."""

    chats: TeamsChats
    log: ImportLog
    files: MessageFiles
    chat_id: str
    taken: set[str] = field(default_factory=set)
    waits: Sequence[float] = WAITS

    async def send(self, post: Post, line: MessageLine) -> None:
        """Send one message, or find it where an earlier try has sent it.

        Raises:
            NotTold: nobody can tell whether it arrived.
            Transient: Graph or the log cannot be reached; the next run goes on.

        """
        author = str(post.body["from"]["user"]["id"]).lower()
        line = replace(line, chat_id=self.chat_id)
        in_doubt = line.status is ImportStatus.SENDING
        if in_doubt and await self.is_found(line, author):
            return
        first = line.effective
        if not in_doubt:
            line = replace(line, effective=free(first, self.taken))
        body, pictures = await self.files.added_to(post)
        tries = 0
        while tries < TRIES:
            attempts = line.attempts + 1
            line = replace(line, attempts=attempts, pictures=pictures)
            line = replace(line, status=ImportStatus.SENDING)
            await self.log.record(line)
            match await self.attempt(line, body, author, in_doubt=in_doubt):
                case Attempt.SETTLED:
                    return
                case Attempt.IN_DOUBT:
                    in_doubt, tries = True, tries + 1
                case Attempt.NOT_TOLD:
                    if await self.is_found_later(line, author):
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

    async def attempt(
        self, line: MessageLine, body: Mapping[str, Any], author: str, *, in_doubt: bool
    ) -> Attempt:
        """Send a message once; `in_doubt` where it may stand at this time already."""
        try:
            target_id = await self.chats.post(
                self.chat_id, {"createdDateTime": line.effective, **body}
            )
        except Collision:
            if not in_doubt:
                return Attempt.TAKEN
            # One look: what is shown between two of them may be this very message.
            there = await self.at(line.effective)
            if await self.is_among(there, line, author):
                return Attempt.SETTLED
            return Attempt.TAKEN if there else Attempt.NOT_TOLD
        except Refused as error:
            await self.log.record(failed(line, str(error)))
            return Attempt.SETTLED
        except InDoubt:
            is_found = await self.is_found(line, author)
            return Attempt.SETTLED if is_found else Attempt.IN_DOUBT
        await self.arrived(line, target_id)
        return Attempt.SETTLED

    async def is_found_later(self, line: MessageLine, author: str) -> bool:
        """Look for a message for a while: a service shows some things late."""
        for seconds in self.waits:
            await asyncio.sleep(seconds)
            if await self.is_found(line, author):
                return True
        return False

    async def is_found(self, line: MessageLine, author: str) -> bool:
        """Return whether a message stands in the chat at its time, and record that."""
        return await self.is_among(await self.at(line.effective), line, author)

    async def is_among(
        self, there: Sequence[TargetMessage], line: MessageLine, author: str
    ) -> bool:
        target = next((each.id for each in there if each.author == author), "")
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
