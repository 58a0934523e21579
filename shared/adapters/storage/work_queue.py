"""The queue `threads-to-finalize`, written as the Functions host reads it: base64."""

from datetime import timedelta

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from shared.adapters.storage.failures import as_transient
from shared.domain.log.work import Work, encode_work


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

    async def send(self, text: str, delay: timedelta) -> None:
        await self.queue.send_message(
            text, visibility_timeout=int(delay.total_seconds())
        )

    async def create(self) -> None:
        """Create the queue that the deployment has not; it may exist by now."""
        try:
            await self.queue.create_queue()
        except ResourceExistsError:
            return
