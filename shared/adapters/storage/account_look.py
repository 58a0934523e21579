"""Looks at containers and queues, and leaves them as they are."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueClient

from shared.adapters.storage import failures
from shared.adapters.storage.append_remedies import SDK_ERRORS
from shared.ports.account_look import StorageAnswer

LOOK_OPTIONS: dict[str, Any] = {"retry_total": 0, "connection_timeout": 5}
"""A failure is what is looked for: it is not tried again."""

REQUEST_ID = "x-ms-request-id"
"""What every answer of the service has, and no page of a proxy."""


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
                    with suppress(ResourceNotFoundError):  # gone since it was listed
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
    answers: list[Any] = []

    def note(response: Any) -> None:
        answers.append(response.http_response)

    try:
        depth = await look(note)
    except AzureError as error:
        response = getattr(error, "response", None)
        return StorageAnswer(
            status=failures.status(error),
            code=failures.code(error) or type(error).__name__,
            said_on=date_of(response) if response is not None else None,
        )
    except (*SDK_ERRORS, SyntaxError) as error:
        # Something answered, and not as the service does: with a page that is no XML.
        return StorageAnswer(status=HTTPStatus.OK, code=type(error).__name__)
    if not all(REQUEST_ID in answer.headers for answer in answers):
        return StorageAnswer(status=HTTPStatus.OK, code="NotStorage")
    said_on = date_of(answers[0]) if answers else None
    return StorageAnswer(status=HTTPStatus.OK, said_on=said_on, depth=depth)


def date_of(response: Any) -> datetime | None:
    """Return what time the service had when it answered; None where it said none."""
    try:
        said = parsedate_to_datetime(response.headers["Date"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return said if said.tzinfo else None
