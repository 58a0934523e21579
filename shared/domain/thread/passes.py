"""Which of a thread's listings decides what is checked: whole passes and snapshots.

Rule 1: a snapshot decides on the messages that it shows, and on nothing else.
Rule 2: on a message that the snapshots since the last whole pass do not show decides
        that pass. What came or changed after it, it cannot have seen: nobody says of
        such a message that it is missing before the next whole pass.
Rule 3: where the newest listing is no snapshot, it alone decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.thread.listing import Listing, ListingOutcome, Visibility
from shared.domain.times import parse_time

NOT_LISTED = ListingOutcome(
    visibility=Visibility.EVENTS_ONLY,
    reason="the service was never listed",
    no_receipts="the service was never listed",
)
NEVER_WHOLE = ListingOutcome(
    visibility=Visibility.SNAPSHOT, reason="the thread was never listed whole"
)
UNSEEN = ListingOutcome(visibility=Visibility.SNAPSHOT)
"""Says of a message that no listing can have shown it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """The listing that decides, and the snapshots since then, newest first."""

    deciding: Listing
    snapshots: Sequence[Listing] = ()

    @classmethod
    def of(cls, listings: Sequence[Listing]) -> "Passes":
        """Return those of a thread's listings, which are given oldest first."""
        snapshots: list[Listing] = []
        for listing in reversed(listings):
            if listing.outcome.visibility is Visibility.SNAPSHOT:
                snapshots.append(listing)
            elif listing.outcome.is_whole or not snapshots:
                return cls(deciding=listing, snapshots=snapshots)
        never = NEVER_WHOLE if snapshots else NOT_LISTED
        return cls(deciding=Listing(number=0, outcome=never), snapshots=snapshots)

    @property
    def newest(self) -> ListingOutcome:
        """The outcome of the newest listing."""
        newest = self.snapshots[0] if self.snapshots else self.deciding
        return newest.outcome

    @property
    def limit(self) -> ListingOutcome | None:
        """What keeps the listings from showing the whole thread; None for nothing.

        A snapshot ends where an earlier one has been, also one whose reader could not
        see all that changed: so each of them counts until the next whole pass.
        """
        if self.deciding.outcome.visibility is not Visibility.FULL:
            return self.deciding.outcome
        outcomes = (listing.outcome for listing in self.snapshots)
        return next((outcome for outcome in outcomes if outcome.reason), None)

    def about(self, message_id: str, changed_on: str) -> tuple[bool, ListingOutcome]:
        """Return whether a message is shown, and how much could have been shown.

        `changed_on` is the time of the newest version that an event reports.
        """
        deciding = self.deciding
        for listing in self.snapshots:
            if message_id in listing.shown:
                is_newest = listing is self.snapshots[0]
                if is_newest or not is_after(changed_on, listing):
                    return True, deciding.outcome
                break
        if self.snapshots and is_after(changed_on, deciding):
            return False, UNSEEN
        return message_id in deciding.shown, deciding.outcome


def is_after(changed_on: str, listing: Listing) -> bool:
    """Return whether something is known to have changed after a listing."""
    changed, listed = parse_time(changed_on), parse_time(listing.received_on)
    return changed is not None and listed is not None and changed > listed
