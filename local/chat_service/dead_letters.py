"""What becomes of events that Event Grid gives up on: blobs in its own form and places.

Rule 1: the place is {SUBSCRIPTION}/{year}/{month}/{day}/{hour}/{guid}.json in UTC: the
        subscription's name in capitals, numbers without leading zeros
        (learn.microsoft.com/azure/event-grid/manage-event-delivery).
Rule 2: a blob is an array of one or more events in their own schema, with the facts of
        their delivery beside the fields of the envelope (…/delivery-and-retry).
"""

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import ContainerClient

SUBSCRIPTION = "chat-archiver"
"""The event subscription's name, as it is deployed."""
OUTCOMES = {
    HTTPStatus.REQUEST_TIMEOUT: "TimedOut",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "PayloadTooLarge",
    HTTPStatus.TOO_MANY_REQUESTS: "Busy",
    HTTPStatus.SERVICE_UNAVAILABLE: "Busy",
    "TimeoutError": "TimedOut",
}
"""Outcomes that are not called like their status, among those that are documented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How the delivery of some events ended; an outcome is a status or an error."""

    outcome: int | str
    attempts: int
    is_hopeless: bool
    last_attempt: datetime

    def facts(self, published: datetime) -> dict[str, Any]:
        """Return what Event Grid adds to an event."""
        outcome, reason = outcome_of(self.outcome), "MaxDeliveryAttemptsExceeded"
        if self.is_hopeless and isinstance(self.outcome, int):
            # Seen for 400; for the other statuses that are not retried, by its pattern.
            reason = f"UndeliverableDueToHttp{name_of(self.outcome)}"
        facts: dict[str, Any] = {
            "deadLetterReason": reason,
            "deliveryAttempts": self.attempts,
            "lastDeliveryOutcome": outcome,
        }
        if isinstance(self.outcome, int):
            facts["lastHttpStatusCode"] = self.outcome
        return facts | {
            "publishTime": written(published),
            "lastDeliveryAttemptTime": written(self.last_attempt),
        }


def outcome_of(outcome: int | str) -> str:
    if outcome in OUTCOMES:
        return OUTCOMES[outcome]
    return name_of(outcome) if isinstance(outcome, int) else "SocketError"


def name_of(status: int) -> str:
    """Return a status as .NET calls it: BadRequest."""
    name = next((known.name for known in HTTPStatus if known == status), str(status))
    return "".join(word.title() for word in name.split("_"))


def written(moment: datetime) -> str:
    """Return a time with the seven decimals of Event Grid's times."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}0Z"


def letter(event: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Return an event with the facts of its delivery, in its schema's spelling."""
    if "specversion" in event:  # extensions of CloudEvents have no capitals
        facts = {name.lower(): fact for name, fact in facts.items()}
    return event | facts


def path_of(now: datetime) -> str:
    hour = f"{now.year}/{now.month}/{now.day}/{now.hour}"
    return f"{SUBSCRIPTION.upper()}/{hour}/{uuid.uuid4()}.json"


class DeadLetters(Protocol):
    async def write(self, path: str, data: bytes) -> None:
        """Write a new blob."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine, laid out like the container."""

    root: Path

    async def write(self, path: str, data: bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    async def close(self) -> None:
        """Do nothing: a folder is not open."""


class Container:
    """A container of a storage account: the deployment's, here made when needed."""

    def __init__(self, connection_string: str, name: str) -> None:
        self.container = ContainerClient.from_connection_string(connection_string, name)

    async def write(self, path: str, data: bytes) -> None:
        try:
            await self.container.upload_blob(path, data)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                await self.container.create_container()
            await self.container.upload_blob(path, data)

    async def close(self) -> None:
        await self.container.close()


async def write_letters(
    letters: DeadLetters,
    events: list[tuple[dict[str, Any], datetime]],
    failure: Failure,
) -> None:
    """Write events, each with its time of publishing, as one blob."""
    body = [letter(event, failure.facts(published)) for event, published in events]
    await letters.write(path_of(datetime.now(UTC)), json.dumps(body).encode())
