"""Unprocessed events on a poison queue: each message is a file of its own.

Rule 1: the Functions host puts a message there as it was: base64, as Event Grid writes
        it, or plain, as a person may have; what is not base64 it puts there unseen.
Rule 2: looking changes nothing. A queue shows 32 messages at most that way.
Rule 3: the host's messages expire there after a week, the oldest first.
Rule 4: taking hides a message for a while, and only removing it ends it: whoever dies
        half-way leaves it to the next one.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import filterfalse

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from shared.adapters.storage import failures
from shared.ports.clock import Clock
from shared.ports.unprocessed_events import UnprocessedFile

AT_ONCE = 32
"""Messages that a queue shows or gives out at once, at most."""
MOST_TAKEN = 1000
"""Messages that one look for what expires soon takes; giving back costs a call each."""
HIDDEN_FOR = 600
"""Seconds for which messages are hidden that were taken, `AT_ONCE` of them together."""
GONE = ("MessageNotFound", "PopReceiptMismatch")
"""What the service says of a message that somebody else has taken or removed."""


class PoisonedEvents:
    """The messages of one poison queue; `takes` them, or only looks at the first."""

    def __init__(self, queue: QueueClient, *, takes: bool) -> None:
        self.queue = queue
        self.takes = takes
        self.contents: dict[str, bytes] = {}

    async def files(self) -> AsyncIterator[UnprocessedFile]:
        """Yield each message; its path is its id, its etag the right to remove it."""
        while messages := await self.next_messages():
            self.contents = {
                message.id: content_of(message.content) for message in messages
            }
            for message in messages:
                yield UnprocessedFile(
                    path=message.id,
                    size=len(self.contents[message.id]),
                    etag=message.pop_receipt or "",
                )
            if not self.takes:
                return

    async def next_messages(self) -> Sequence[QueueMessage]:
        with failures.as_transient("read a poison queue"):
            try:
                return await (self.take() if self.takes else self.look())
            except ResourceNotFoundError:
                return ()

    async def look(self) -> Sequence[QueueMessage]:
        return await self.queue.peek_messages(AT_ONCE)

    async def take(self) -> Sequence[QueueMessage]:
        taken = self.queue.receive_messages(
            messages_per_page=AT_ONCE,
            max_messages=AT_ONCE,
            visibility_timeout=HIDDEN_FOR,
        )
        return [message async for message in taken]

    async def stream(self, file: UnprocessedFile) -> AsyncIterator[bytes]:
        """Yield a message's bytes, until the messages after it are read."""
        yield self.contents[file.path]

    async def is_protected(self) -> bool:
        """Return False: no policy protects a queue."""
        return False

    async def remove(self, file: UnprocessedFile) -> bool:
        """Remove a message unless somebody else has taken it."""
        with failures.as_transient("remove a poison message"):
            try:
                await self.queue.delete_message(file.path, file.etag)
            except HttpResponseError as error:
                if is_gone(error):
                    return False
                raise
        return True


class ExpiringEvents(PoisonedEvents):
    """Those messages of a poison queue that it would soon lose."""

    def __init__(self, queue: QueueClient, *, within: timedelta, clock: Clock) -> None:
        """Take what expires within a span."""
        super().__init__(queue, takes=True)
        self.within = within
        self.clock = clock
        self.others: list[QueueMessage] = []

    async def files(self) -> AsyncIterator[UnprocessedFile]:
        """Yield each message that expires soon, and give the others back at the end."""
        try:
            async for file in super().files():
                yield file
        finally:
            with failures.as_transient("give back a poison message"):
                await self.give_back()

    async def take(self) -> Sequence[QueueMessage]:
        """Take the next that expire soon, wherever they are on the queue.

        One that somebody had taken and left comes back behind younger ones, where a
        look does not reach. What is given back goes to the end of the queue, so that
        bounded takes see all of it in turn.
        """
        seen = await self.look()
        if len(seen) < AT_ONCE and not any(map(self.expires_soon, seen)):
            return ()
        while len(self.others) < MOST_TAKEN and (taken := await super().take()):
            self.others += filterfalse(self.expires_soon, taken)
            if soon := [*filter(self.expires_soon, taken)]:
                return soon
        return ()

    async def give_back(self) -> None:
        for message in self.others:
            # By its id: a message's text would be encoded, and stored, once more.
            try:
                await self.queue.update_message(
                    message.id, pop_receipt=message.pop_receipt, visibility_timeout=0
                )
            except HttpResponseError as error:
                if not is_gone(error):
                    raise
        self.others = []

    def expires_soon(self, message: QueueMessage) -> bool:
        end = message.expires_on
        return end is not None and end - self.clock() < self.within


def is_gone(error: HttpResponseError) -> bool:
    """Return whether somebody else has taken or removed a message."""
    return failures.code(error) in GONE or failures.is_missing(error)


def content_of(text: str | None) -> bytes:
    """Return what a message holds: what base64 encodes, or plain text as it is."""
    text = text or ""
    try:
        return base64.b64decode("".join(text.splitlines()), validate=True)
    except (binascii.Error, ValueError):
        return text.encode()
