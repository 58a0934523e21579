"""Azure's management interface, as far as it is read here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What was listed. `status` is the answer's HTTP status, 0 where none came.

    `items` is None where the answer is no list of objects.
    """

    status: int
    items: Sequence[Mapping[str, Any]] | None = None


class Management(Protocol):
    async def event_subscriptions(self, topic_id: str) -> Resources:
        """List the event subscriptions of a system topic.

        Raises:
            NotSignedIn: nobody may ask.

        """
        ...
