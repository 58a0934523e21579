"""The queue `threads-to-finalize`, written as the Functions host reads it: base64."""

from datetime import datetime, timedelta

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from shared.adapters.storage.failures import as_transient
from shared.domain.log.work import Work, encode_work

FOR_EVER = -1
"""The time to live of a message that never expires."""


class StorageWorkQueue:
    """Sends threads to the queue, from which the Functions host receives them."""

    def __init__(self, queue: QueueClient) -> None:
        self.queue = queue

    async def put(self, work: Work, *, delay: timedelta = timedelta()) -> None:
        """Queue a thread."""
        text = encode_work(work)
        with as_transient("queue a thread"):
            try:
                await self.send(text, delay)
            except ResourceNotFoundError:
                await self.create()
                await self.send(text, delay)

    async def depth(self) -> int:
        """Return about how many messages wait."""
        with as_transient("read a queue's length"):
            try:
                properties = await self.queue.get_queue_properties()
            except ResourceNotFoundError:
                return 0
        return int(properties.approximate_message_count or 0)

    async def oldest(self) -> datetime | None:
        """Return when the oldest visible message was put."""
        with as_transient("peek into a queue"):
            try:
                messages = await self.queue.peek_messages(1)
            except ResourceNotFoundError:
                return None
        return messages[0].inserted_on if messages else None

    async def send(self, text: str, delay: timedelta) -> None:
        # Without this, a message expires after seven days: work would be forgotten.
        await self.queue.send_message(
            text,
            visibility_timeout=int(delay.total_seconds()),
            time_to_live=FOR_EVER,
        )

    async def create(self) -> None:
        """Create the queue that the deployment has not; it may exist by now."""
        try:
            await self.queue.create_queue()
        except ResourceExistsError:
            return
