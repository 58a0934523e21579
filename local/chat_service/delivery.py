"""Event Grid's delivery: at least once, no order, retries, batches, dead letters.

200 to 204 is success. 400, 401, 403 and 413 are not retried. Everything else is, after
pauses like Event Grid's, but shorter; then the event is dead-lettered.
"""

import asyncio
import logging
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from azure.core.exceptions import AzureError

from local.chat_service.dead_letters import DeadLetters, Failure, write_letters
from local.chat_service.destinations import Destination
from local.chat_service.misbehaviour import Misbehaviour

LOGGER = logging.getLogger(__name__)
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
    """One event subscription to one destination.

    A delivery has up to `most_events`, and nothing waits for it to be full. It is all
    or nothing: a batch that fails is delivered again, or given up, as a whole.
    """

    destination: Destination
    behaviour: Misbehaviour
    dead_letters: DeadLetters | None = None
    most_events: int = 1
    counts: Counts = field(default_factory=Counts)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    held: list[dict[str, Any]] = field(default_factory=list)
    waiting: dict[int, tuple[dict[str, Any], datetime]] = field(default_factory=dict)
    """Events whose delivery has not begun, each with its time of publishing."""
    spawned: int = 0
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
        self.spawned += 1
        number = self.spawned
        self.waiting[number] = event, datetime.now(UTC)
        task = asyncio.create_task(self.deliver(number))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def deliver(self, number: int) -> None:
        """Deliver an event, unless another's delivery has taken it along."""
        await self.ready.wait()
        if self.behaviour.delay:
            await asyncio.sleep(self.behaviour.chance.random() * self.behaviour.delay)
        if number not in self.waiting:
            return
        batch = [self.waiting.pop(number)]
        while self.waiting and len(batch) < self.most_events:
            batch.append(self.waiting.pop(next(iter(self.waiting))))
        events = [event for event, _ in batch]
        outcome: int | str = 0
        for attempt, pause in enumerate((0.0, *PAUSES), start=1):
            await asyncio.sleep(pause)
            self.counts.retried += len(events) if attempt > 1 else 0
            began = datetime.now(UTC)
            outcome = await self.destination.deliver(events)
            if isinstance(outcome, int) and 200 <= outcome <= 204:
                self.counts.delivered += len(events)
                return
            if outcome in HOPELESS:
                break
        failure = Failure(
            outcome=outcome,
            attempts=attempt,
            is_hopeless=outcome in HOPELESS,
            last_attempt=began,
        )
        await self.give_up(batch, failure)

    async def subscribe(self) -> None:
        """Repeat the handshake, with which Event Grid begins, until it succeeds."""
        while not self.ready.is_set():
            if await self.destination.shake_hands():
                self.ready.set()
            else:
                await asyncio.sleep(SUBSCRIBE_AGAIN)

    async def give_up(
        self, batch: list[tuple[dict[str, Any], datetime]], failure: Failure
    ) -> None:
        self.counts.dead_lettered += len(batch)
        if self.dead_letters is None:
            return
        try:
            await write_letters(self.dead_letters, batch, failure)
        except AzureError as error:  # Event Grid drops them after four hours
            self.counts.dropped += len(batch)
            LOGGER.warning("dead letters are lost: %s", type(error).__name__)

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
        if self.dead_letters:
            await self.dead_letters.close()
