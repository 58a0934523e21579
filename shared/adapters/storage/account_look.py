"""Looks at containers and queues, and leaves them as they are."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from azure.core.exceptions import AzureError
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueClient

from shared.adapters.storage import failures
from shared.adapters.storage.append_remedies import SDK_ERRORS
from shared.ports.account_look import StorageAnswer

LOOK_OPTIONS: dict[str, Any] = {"retry_total": 0, "connection_timeout": 5}
"""A failure is what is looked for: it is not tried again."""


class StorageLook:
    """Looks through clients that do not retry; `queue` makes one, to be closed here."""

    def __init__(
        self, blobs: BlobServiceClient, queue: Callable[[str], QueueClient]
    ) -> None:
        self.blobs = blobs
        self.new_queue = queue

    async def container(self, name: str) -> StorageAnswer:
        """List one file, and ask for its properties, which takes the right to read."""
        container = self.blobs.get_container_client(name)

        async def look(note: Callable[[Any], None]) -> int:
            found = container.list_blobs(results_per_page=1, raw_response_hook=note)
            async for page in found.by_page():
                names = [blob.name async for blob in page]
                for first in names[:1]:
                    await container.get_blob_client(first).get_blob_properties()
                return len(names)
            return 0

        return await answer_of(look)

    async def queue(self, name: str) -> StorageAnswer:
        """Ask for a queue's properties, and peek: what is peeked at stays as it is."""

        async def look(note: Callable[[Any], None]) -> int:
            async with self.new_queue(name) as queue:
                properties = await queue.get_queue_properties(raw_response_hook=note)
                await queue.peek_messages(1)
            return int(properties.approximate_message_count or 0)

        return await answer_of(look)


async def answer_of(
    look: Callable[[Callable[[Any], None]], Awaitable[int]],
) -> StorageAnswer:
    dates: list[datetime | None] = []

    def note(response: Any) -> None:
        dates.append(date_of(response.http_response))

    try:
        depth = await look(note)
    except AzureError as error:
        response = getattr(error, "response", None)
        return StorageAnswer(
            status=failures.status(error),
            code=failures.code(error) or type(error).__name__,
            said_on=date_of(response) if response is not None else None,
        )
    except SDK_ERRORS as error:
        return StorageAnswer(status=HTTPStatus.BAD_GATEWAY, code=type(error).__name__)
    said_on = dates[0] if dates else None
    return StorageAnswer(status=HTTPStatus.OK, said_on=said_on, depth=depth)


def date_of(response: Any) -> datetime | None:
    """Return what time the service had when it answered; None where it said none."""
    try:
        return parsedate_to_datetime(response.headers["Date"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
