"""Rescue: queued events that failed too often go to quarantine before they expire.

The Functions host puts them on the poison queue for a week. Whoever has not taken them
back by then finds them in quarantine, from where `redeliver` takes them too.
"""

from dataclasses import dataclass
from typing import Any

from shared import telemetry
from shared.domain.errors import InvalidEvent
from shared.domain.log.event import split_events, thread_named
from shared.ports.unprocessed_events import UnprocessedEvents
from shared.usecases.capture.ingest import Ingest, as_text, escaped

REASON = "failed too often on the queue, and would have expired there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """Moves what would expire. A move that is cut short leaves it in both places."""

    expiring: UnprocessedEvents
    ingest: Ingest

    async def __call__(self) -> int:
        """Move them; return how many messages.

        Raises:
            Transient: the storage cannot be reached; what was done stays done.

        """
        moved = 0
        async for message in self.expiring.files():
            parts = [part async for part in self.expiring.stream(message)]
            content = b"".join(parts)
            for thread_id, text in deliveries_of(content):
                await self.ingest.quarantine(thread_id, text, REASON)
                telemetry.EVENTS_QUARANTINED.add(1)
            moved += await self.expiring.remove(message)
        return moved


def deliveries_of(content: bytes) -> list[tuple[str, str]]:
    """Return the events of a message as text, each with the thread that it names."""
    try:
        events: list[tuple[str, Any]] = split_events(as_text(content))
    except InvalidEvent:
        return [("", escaped(content))]
    return [(thread_named(envelope), text) for text, envelope in events]
