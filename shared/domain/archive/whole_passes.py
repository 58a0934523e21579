"""When a thread was listed whole, and when that is due again: what its archive says.

Rule 1: a snapshot may be taken where a whole pass is known that is younger than the
        setting WHOLE_PASS_EVERY, or older while the thread is still open.
Rule 2: a whole pass is due so long after the last one, where snapshots came since.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.archive.chain import ChainFile
from shared.domain.archive.read_listings import newest_outcomes
from shared.domain.thread.listing import Visibility
from shared.domain.times import parse_time


@dataclass(frozen=True, slots=True, kw_only=True)
class WholePasses:
    """When the last whole pass was; None where none is known."""

    last_on: datetime | None = None
    is_over: bool = False
    """Whether the newest listing is a snapshot."""

    @classmethod
    def of(cls, listing: ChainFile) -> "WholePasses":
        """Read what the lines of `listing.jsonl` say.

        Raises:
            IntegrityError: an outcome is in an unknown form.

        """
        is_over: bool | None = None
        for outcome, received_on in newest_outcomes(listing):
            if is_over is None:
                is_over = outcome.visibility is Visibility.SNAPSHOT
            if outcome.is_whole:
                return cls(last_on=parse_time(received_on), is_over=is_over)
        return cls(is_over=bool(is_over))

    def allow_snapshot(self, now: datetime, every: timedelta, *, is_open: bool) -> bool:
        """Return whether a snapshot will do. `every` of no length never lets it."""
        if self.last_on is None or not every:
            return False
        return is_open or now - self.last_on < every

    def due_on(self, every: timedelta) -> datetime | None:
        """Return when the next whole pass is due; None where nothing calls for one."""
        if not self.is_over or self.last_on is None:
            return None
        return self.last_on + every
