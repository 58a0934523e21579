"""Event Grid's delivery: at least once, no order, retries, dead letters.

200 to 204 is success. 400, 401, 403 and 413 are not retried. Everything else is, after
pauses like Event Grid's, but shorter; then the event is dead-lettered.
"""

import asyncio
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local.chat_service.destinations import Destination
from local.chat_service.misbehaviour import Misbehaviour

PAUSES = (0.2, 0.5, 1.0, 2.0, 2.0, 2.0, 5.0, 5.0, 5.0, 10.0)
"""Seconds; Event Grid's are 10 s, 30 s, 1, 5, 10, 30 min, 1, 3, 6 and 12 hours."""
SUBSCRIBE_AGAIN = 0.2
HOPELESS = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}


@dataclass(slots=True)
class Counts:
    published: int = 0
    delivered: int = 0
    duplicated: int = 0
    dropped: int = 0
    retried: int = 0
    dead_lettered: int = 0


@dataclass(slots=True)
class Subscription:
    """One event subscription to one destination, with one event per delivery."""

    destination: Destination
    behaviour: Misbehaviour
    dead_letters: Path | None = None
    counts: Counts = field(default_factory=Counts)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    held: list[dict[str, Any]] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the handshake has succeeded; events wait for it."""

    def publish(self, event: dict[str, Any]) -> None:
        """Accept an event and start its delivery."""
        self.counts.published += 1
        if self.behaviour.does("drop"):
            self.counts.dropped += 1
            return
        if self.behaviour.does("reorder"):
            self.held.append(event)
            return
        self.start(event)
        self.release()

    def release(self) -> None:
        """Start the deliveries that were held back, newest first."""
        held, self.held = self.held, []
        for late in reversed(held):
            self.start(late)

    def start(self, event: dict[str, Any]) -> None:
        self.spawn(event)
        if self.behaviour.does("duplicate"):
            self.counts.duplicated += 1
            self.spawn(event)

    def spawn(self, event: dict[str, Any]) -> None:
        task = asyncio.create_task(self.deliver(event))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def deliver(self, event: dict[str, Any]) -> None:
        await self.ready.wait()
        if self.behaviour.delay:
            await asyncio.sleep(self.behaviour.chance.random() * self.behaviour.delay)
        outcome: int | str = 0
        for attempt, pause in enumerate((0.0, *PAUSES), start=1):
            await asyncio.sleep(pause)
            self.counts.retried += attempt > 1
            outcome = await self.destination.deliver(event)
            if isinstance(outcome, int) and 200 <= outcome <= 204:
                self.counts.delivered += 1
                return
            if outcome in HOPELESS:
                break
        self.dead_letter(event, outcome, attempt)

    async def subscribe(self) -> None:
        """Repeat the handshake, with which Event Grid begins, until it succeeds."""
        while not self.ready.is_set():
            if await self.destination.shake_hands():
                self.ready.set()
            else:
                await asyncio.sleep(SUBSCRIBE_AGAIN)

    def dead_letter(
        self, event: dict[str, Any], outcome: int | str, attempts: int
    ) -> None:
        self.counts.dead_lettered += 1
        if self.dead_letters is None:
            return
        facts = {
            "deadLetterReason": "MaxDeliveryAttemptsExceeded"
            if attempts > len(PAUSES)
            else "UndeliverableDueToHttpStatus",
            "deliveryAttempts": attempts,
            "lastDeliveryOutcome": str(outcome),
            "lastDeliveryAttemptTime": datetime.now(UTC).isoformat(),
        }
        if "specversion" in event:  # extensions of CloudEvents have no capitals
            facts = {name.lower(): fact for name, fact in facts.items()}
        self.dead_letters.mkdir(parents=True, exist_ok=True)
        file = self.dead_letters / f"{event['id']}.json"
        file.write_text(json.dumps([event | facts]))

    def status(self) -> dict[str, int]:
        return asdict(self.counts) | {"pending": len(self.tasks)}

    async def flush(self) -> None:
        """Deliver what is held back, and wait until no delivery is under way."""
        self.release()
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.destination.close()
