"""Live events: what came to the log lately, for a page that asks for news.

A page asks for what came after a number; so a reload loses nothing, and a page that
was asleep gets all that is still kept.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from shared.domain.errors import Transient
from shared.usecases.capture.watch import SeenEvent, Watch, when_kept

MOST_KEPT = 2_000
EVERY = 1.0
"""Seconds between two looks at the log, however many pages ask."""
SHARE = 4
"""At most one part of so many of the time goes into listing the log."""


@dataclass(slots=True, kw_only=True)
class LiveEvents:
    """Keeps the newest events, and looks at the log when somebody asks for news.

    `monotonic` gives seconds.
    """

    watch: Watch
    monotonic: Callable[[], float]
    kept: deque[tuple[int, dict[str, object]]] = field(
        default_factory=lambda: deque(maxlen=MOST_KEPT)
    )
    arrived: list[SeenEvent] = field(default_factory=list)
    count: int = 0
    next_look: float = 0.0
    is_looking: bool = False
    failure: str = ""

    async def after(self, number: int) -> dict[str, object]:
        """Return the events after a number, the number to ask with next, and failures.

        `missed` says how many came after it that are not kept any more.
        """
        await self.look()
        events = [event | {"number": at} for at, event in self.kept if at > number]
        oldest = self.kept[0][0] if self.kept else self.count + 1
        missed = max(0, oldest - 1 - number) if number <= self.count else 0
        return {
            "next": self.count,
            "events": events,
            "missed": missed,
            "failure": self.failure,
        }

    async def look(self) -> None:
        """Read what came, unless that was done just now."""
        began = self.monotonic()
        if self.is_looking or began < self.next_look:
            return
        self.is_looking = True
        try:
            await self.catch_up()
            for event in self.arrived:
                self.count += 1
                self.kept.append((self.count, asdict(event)))
            self.arrived = []
            self.failure = ""
        except Transient as error:
            self.failure = str(error)
        finally:
            self.is_looking = False
            now = self.monotonic()
            self.next_look = now + max(EVERY, (now - began) * SHARE)

    async def catch_up(self) -> None:
        """Read all that came; of more than is kept, leave what was kept first.

        Raises:
            Transient: the storage cannot be reached; what has arrived stays.

        """
        is_behind = True
        while is_behind:
            came = await self.watch.round()
            self.arrived = sorted(self.arrived + came, key=when_kept)
            self.count += max(0, len(self.arrived) - MOST_KEPT)
            del self.arrived[:-MOST_KEPT]
            is_behind = self.watch.is_behind
