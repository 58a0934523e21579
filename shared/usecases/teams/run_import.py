"""Import threads into chats of Teams, so that a kill makes no message twice.

Rule 1: what is about to be asked of Graph is durable before it is asked, and what came
        of it before the next thing.
Rule 2: what may have been done is looked for before it is asked for again: a chat by
        its members, a message by its millisecond, which is its own in the chat.
Rule 3: messages of a thread are sent one after the other, in the order of their times
        (`send_messages`).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from shared.domain.imports import ChatLine, ChatStep, ImportedThread
from shared.domain.times import format_time, parse_time
from shared.formats.graph_format import beginning, chat_body
from shared.formats.graph_times import milliseconds, written
from shared.ports.archive_store import ArchiveFiles
from shared.ports.clock import Clock
from shared.ports.teams_chats import InDoubt, NotTold, TeamsChats
from shared.usecases.teams.import_log import ImportLog
from shared.usecases.teams.message_files import MessageFiles
from shared.usecases.teams.plan_import import PlannedThread
from shared.usecases.teams.send_messages import WAITS, SendMessages

TRIES = 5
"""How often one request is tried that may have been done."""
IN_PROGRESS = "inProgress"
NEW = timedelta(minutes=2)
"""For how long a chat may have been created, and not be shown yet."""
SKEW = timedelta(minutes=10)
"""By how much the clock of Graph may be behind ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunImport:
    """Imports threads. `on_message` is called for each message that has arrived."""

    chats: TeamsChats
    log: ImportLog
    archive: ArchiveFiles
    clock: Clock
    on_message: Callable[[], None] = lambda: None
    files_at: str = ""
    """Where files can be had that are no pictures (`message_files`)."""
    waits: Sequence[float] = WAITS
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a chat is found or created: two threads may have the same people."""

    async def __call__(self, thread: PlannedThread) -> None:
        """Import a thread: all that is to be sent of it.

        Raises:
            Refused: Graph refuses its chat.
            Transient: it stopped; the next run goes on.

        """
        known = self.log.state.thread(thread.transcript.thread_id)
        await self.log.record(
            *(
                line
                for message_id, line in thread.lines.items()
                if known.messages.get(message_id) != line
            )
        )
        if thread.instead:
            sender = self.sender(thread, known, known.chat_id)
            for message_id, line in thread.instead.items():
                if not await sender.settle(known.messages[message_id]):
                    await self.log.record(line)
        to_send = thread.to_send
        if thread.refusals or not to_send:
            return
        async with self.turn:
            chat_id = await self.chat(thread, known)
        await self.start(thread, known, chat_id)
        sender = self.sender(thread, known, chat_id)
        for post in to_send:
            await sender.send(post, known.messages[post.message_id])
            self.on_message()

    def sender(
        self, thread: PlannedThread, known: ImportedThread, chat_id: str
    ) -> SendMessages:
        return SendMessages(
            chats=self.chats,
            log=self.log,
            files=MessageFiles(
                archive=self.archive,
                transcript=thread.transcript,
                files_at=self.files_at,
            ),
            orders=thread.orders,
            chat_id=chat_id,
            waits=self.waits,
            taken={
                line.effective for line in known.messages.values() if line.target_id
            },
        )

    async def chat(self, thread: PlannedThread, known: ImportedThread) -> str:
        """Return the id of the thread's chat, which is created if it is not there."""
        if known.chat_id:
            return known.chat_id
        for _ in range(TRIES):
            if known.step is ChatStep.CREATING:
                if found := await self.created_later(thread, known):
                    await self.step(known, ChatStep.CREATED, found)
                    return found
            else:
                await self.step(known, ChatStep.CREATING)
            try:
                chat_id = await self.chats.create(chat_body(thread.plan))
            except InDoubt:
                continue
            await self.step(known, ChatStep.CREATED, chat_id)
            return chat_id
        raise NotTold("Microsoft Graph does not say whether it created the chat")

    async def created_later(self, thread: PlannedThread, known: ImportedThread) -> str:
        """Look for a chat that may be there, for a while where it would be a new one.

        A service shows some things late.
        """
        tried = parse_time(known.created_on)
        is_new = tried is None or self.clock() - tried < NEW
        for seconds in (0, *self.waits) if is_new else (0,):
            await asyncio.sleep(seconds)
            if found := await self.created(thread, known):
                return found
        return ""

    async def created(self, thread: PlannedThread, known: ImportedThread) -> str:
        """Return the chat that an earlier try has created; "" where there is none.

        It has these members and this topic, is not older than that try, holds nothing
        that anybody said, and is no other thread's.
        """
        members = frozenset(thread.plan.members)
        others = {each.chat_id for each in self.log.state.threads.values()}
        since = parse_time(known.created_on)
        for chat in await self.chats.chats_of(next(iter(thread.plan.members.values()))):
            created = parse_time(chat.created_on)
            is_old = since and created and created < since - SKEW
            is_alike = chat.members == members and chat.topic == thread.plan.topic
            if chat.id in others or is_old or not is_alike:
                continue
            if not await self.is_spoken_in(chat.id):
                return chat.id
        return ""

    async def is_spoken_in(self, chat_id: str) -> bool:
        async for message in self.chats.messages(chat_id):
            if message.author:  # the service's own messages have none
                return True
        return False

    async def start(
        self, thread: PlannedThread, known: ImportedThread, chat_id: str
    ) -> None:
        """See that the chat is in its migration."""
        for _ in range(TRIES):
            chat = await self.chats.state(chat_id)
            if chat.mode == IN_PROGRESS:
                break
            # A chat's time may only be moved towards the past.
            first = milliseconds(beginning(thread.transcript, thread.plan)) or 0
            created = milliseconds(chat.created_on)
            since = first if created is None else min(first, created - 1)
            try:
                await self.chats.start(chat_id, written(since))
            except InDoubt:
                continue
        else:
            raise NotTold("Microsoft Graph does not start the migration")
        if known.step is not ChatStep.STARTED:
            await self.step(known, ChatStep.STARTED, chat_id)

    async def step(
        self, known: ImportedThread, step: ChatStep, chat_id: str = ""
    ) -> None:
        now = format_time(self.clock().replace(microsecond=0))
        line = ChatLine(thread_id=known.thread_id, step=step, chat_id=chat_id, on=now)
        await self.log.confirm()
        await self.log.record(line)
