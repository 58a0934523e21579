"""Where a subscription delivers to: a webhook, or a storage queue.

Both take the events of a delivery and answer with an HTTP status, or the name of the
error where no answer came.
"""

import base64
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.storage.queue.aio import QueueClient

RESPONSE_WITHIN = 30.0
CODE = "local-validation-code"
BIGGEST_MESSAGE = 64 * 1024
"""Bytes of a queue message; in base64 that is 48 KiB of event."""
FOR_EVER = -1


class Destination(Protocol):
    async def shake_hands(self) -> bool:
        """Begin, as Event Grid does; return whether it worked."""
        ...

    async def deliver(self, events: list[dict[str, Any]]) -> int | str:
        """Deliver events; return the status, or the error's name without one."""
        ...

    async def close(self) -> None: ...


@dataclass(slots=True)
class Webhook:
    """A webhook, in the Event Grid schema or in CloudEvents."""

    url: str
    schema: str
    is_batched: bool = False
    """Whether a delivery may have several events; CloudEvents come in an array then."""
    session: ClientSession | None = None

    async def shake_hands(self) -> bool:
        try:
            async with ClientSession(timeout=ClientTimeout(RESPONSE_WITHIN)) as session:
                if self.schema == "cloudevents":
                    headers = {"WebHook-Request-Origin": "eventgrid.azure.net"}
                    async with session.options(self.url, headers=headers) as answer:
                        return "Webhook-Allowed-Origin" in answer.headers
                event = {
                    "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
                    "data": {"validationCode": CODE},
                }
                headers = {"aeg-event-type": "SubscriptionValidation"}
                async with session.post(
                    self.url, json=[event], headers=headers
                ) as answer:
                    return bool(await answer.json() == {"validationResponse": CODE})
        except (ClientError, TimeoutError, ValueError):
            return False

    async def deliver(self, events: list[dict[str, Any]]) -> int | str:
        if self.session is None:
            self.session = ClientSession(timeout=ClientTimeout(RESPONSE_WITHIN))
        body: Any = events
        content_type = "application/json"
        if self.schema == "cloudevents":
            content_type = "application/cloudevents-batch+json"
            if not self.is_batched:
                (body,) = events
                content_type = "application/cloudevents+json"
        try:
            async with self.session.post(
                self.url,
                data=json.dumps(body),
                headers={
                    "aeg-event-type": "Notification",
                    "Content-Type": content_type,
                },
            ) as answer:
                return answer.status
        except (ClientError, TimeoutError) as error:
            return type(error).__name__

    async def close(self) -> None:
        if self.session:
            await self.session.close()


class StorageQueue:
    """A storage queue: one message an event, in base64, which never expires.

    Event Grid knows no batches of messages: a delivery is one event. There is no
    hand-shake, and nobody has to be there. The queue is the deployment's; here it is
    made at the beginning.
    """

    def __init__(self, connection_string: str, name: str) -> None:
        self.queue = QueueClient.from_connection_string(
            connection_string, name, retry_total=0
        )

    async def shake_hands(self) -> bool:
        try:
            await self.queue.create_queue()
        except ResourceExistsError:
            return True
        except AzureError:
            return False
        return True

    async def deliver(self, events: list[dict[str, Any]]) -> int | str:
        (event,) = events
        message = base64.b64encode(json.dumps(event, ensure_ascii=False).encode())
        if len(message) > BIGGEST_MESSAGE:
            return int(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            await self.queue.send_message(message.decode(), time_to_live=FOR_EVER)
        except HttpResponseError as error:
            return error.status_code or type(error).__name__
        except AzureError as error:
            return type(error).__name__
        return int(HTTPStatus.CREATED)

    async def close(self) -> None:
        await self.queue.close()
