"""The queue trigger: polling, visibility, dequeue count and the poison queue."""

import asyncio
import base64
import binascii
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.identity.aio import DefaultAzureCredential
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from local.host.configuration import QueueOptions
from local.host.worker import InvocationFailed, Payload, Trigger, Worker

FIRST_INTERVAL = 0.1
INVISIBLE_FOR = 600
"""Seconds a message is hidden while it is processed; renewed at half time."""

TAKEN = {"PopReceiptMismatch", "MessageNotFound", "QueueNotFound"}
"""What the service says of a message that is gone, or that another host took."""

logger = logging.getLogger("host")


class QueueListener:
    """Feeds one function from its queue."""

    def __init__(
        self,
        worker: Worker,
        trigger: Trigger,
        options: QueueOptions,
        *,
        invisible_for: int = INVISIBLE_FOR,
    ) -> None:
        """Listen to the queue that the binding names, on the binding's connection."""
        self.worker = worker
        self.function = trigger.function
        self.options = options
        self.invisible_for = invisible_for
        connection, name = trigger.binding["connection"], trigger.binding["queueName"]
        self.queue = connect(connection, name)
        self.poison = connect(connection, f"{name}-poison")

    async def run(self) -> None:
        """Poll for ever, less and less often while the queue is empty."""
        running: set[asyncio.Task[None]] = set()
        interval = FIRST_INTERVAL
        try:
            while True:
                messages = await self.receive(self.options.batch_size - len(running))
                for message in messages:
                    task = asyncio.create_task(self.handle(message))
                    running.add(task)
                    task.add_done_callback(running.discard)
                if messages:
                    interval = FIRST_INTERVAL
                await asyncio.sleep(interval)
                interval = min(interval * 2, self.options.max_polling_interval)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self.queue.close()
            await self.poison.close()

    async def receive(self, most: int) -> list[QueueMessage]:
        if most < 1:
            return []
        try:
            messages = self.queue.receive_messages(
                messages_per_page=min(most, 32),
                max_messages=most,
                visibility_timeout=self.invisible_for,
            )
            return [message async for message in messages]
        except ResourceNotFoundError:
            return []  # the queue does not exist yet
        except AzureError as error:
            logger.warning("queue: %s", type(error).__name__)
            return []

    async def handle(self, message: QueueMessage) -> None:
        """Run the function; delete the message, or requeue or poison it on failure."""
        renewal = asyncio.create_task(self.renew(message))
        try:
            await self.worker.invoke(
                self.function, Payload("string", decode(message)), metadata_of(message)
            )
        except (InvocationFailed, binascii.Error, UnicodeDecodeError) as error:
            logger.error(  # noqa: TRY400 - the function's own traceback is its worker's
                "%s failed, try %s of %d: %s",
                self.function,
                message.dequeue_count,
                self.options.max_dequeue_count,
                error,
            )
            await stop(renewal)
            await self.requeue_or_poison(message)
            return
        await stop(renewal)
        with whoever_has_it():
            await self.queue.delete_message(message)

    async def renew(self, message: QueueMessage) -> None:
        while True:
            await asyncio.sleep(self.invisible_for / 2)
            changed = await self.queue.update_message(
                message, visibility_timeout=self.invisible_for
            )
            message.pop_receipt = changed.pop_receipt

    async def requeue_or_poison(self, message: QueueMessage) -> None:
        if (message.dequeue_count or 0) < self.options.max_dequeue_count:
            with whoever_has_it():
                await self.queue.update_message(
                    message, visibility_timeout=int(self.options.visibility_timeout)
                )
            return
        try:
            await self.poison.send_message(message.content)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                await self.poison.create_queue()
            await self.poison.send_message(message.content)
        with whoever_has_it():
            await self.queue.delete_message(message)


@contextmanager
def whoever_has_it() -> Iterator[None]:
    """Leave a message to whoever has it by now: a host that was frozen kept it long."""
    try:
        yield
    except HttpResponseError as error:
        code = getattr(error, "error_code", None)
        if str(getattr(code, "value", code)) not in TAKEN:
            raise


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def connect(connection: str, name: str) -> QueueClient:
    """Return a queue client, by connection string, or by address and identity."""
    if text := os.environ.get(connection):
        return QueueClient.from_connection_string(text, name)
    return QueueClient(
        os.environ[f"{connection}__queueServiceUri"], name, DefaultAzureCredential()
    )


def decode(message: QueueMessage) -> str:
    return base64.b64decode(message.content, validate=True).decode()


def metadata_of(message: QueueMessage) -> dict[str, Payload]:
    """Return what the host passes on about a message besides its text."""

    def moment(value: Any) -> Payload:
        text = value.isoformat() if isinstance(value, datetime) else None
        return Payload("json", json.dumps(text))

    return {
        "Id": Payload("string", message.id),
        "DequeueCount": Payload("json", str(message.dequeue_count)),
        "PopReceipt": Payload("string", message.pop_receipt),
        "InsertionTime": moment(message.inserted_on),
        "ExpirationTime": moment(message.expires_on),
        "NextVisibleTime": moment(message.next_visible_on),
    }
