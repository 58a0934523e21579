"""The listings in an archive's input, as replay reads them."""

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from shared.domain import json_line
from shared.domain.archive.chain import ChainFile
from shared.domain.archive.erased import message_of, participant_of, properties_of
from shared.domain.archive.read_events import MOST_PARSED_BYTES
from shared.domain.errors import IntegrityError
from shared.domain.evidence.lines import InputLine
from shared.domain.evidence.pages import indexes_in
from shared.domain.evidence.words import UNREADABLE
from shared.domain.thread.listing import (
    ListedMessage,
    Listing,
    ListingOutcome,
    PageKind,
    Visibility,
    listed_id,
)

LISTING = b'"listing":'
"""A fact of every line but items; within a string its quotes would be escaped."""
BROKEN = "listing.jsonl holds a line of an unknown form"


class StoredMessages(Sequence[ListedMessage]):
    """The messages of a long listing, each parsed again whenever it is read."""

    def __init__(self, lines: ChainFile) -> None:
        self.lines = lines
        self.places = array("L")

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> ListedMessage: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[ListedMessage]: ...

    def __getitem__(
        self, index: int | slice
    ) -> ListedMessage | Sequence[ListedMessage]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        place = self.places[index]
        return listed_message(place, self.lines[place])


def read_listings(
    lines: ChainFile, *, most_parsed: int = MOST_PARSED_BYTES
) -> tuple[Listing, ...]:
    """Return the listings in the lines of `listing.jsonl`, oldest first.

    The messages of more than `most_parsed` bytes are not held in memory but parsed
    again whenever they are read.

    Raises:
        IntegrityError: a line is in an unknown form.

    """
    try:
        return tuple(Reading(lines, is_long=lines.size > most_parsed).listings())
    except (ValueError, KeyError, TypeError, IndexError):
        raise IntegrityError(BROKEN) from None


def newest_outcomes(lines: ChainFile) -> Iterator[tuple[ListingOutcome, str]]:
    """Yield the outcome of each listing, newest first, and when that was received.

    Raises:
        IntegrityError: it is in an unknown form.

    """
    try:
        for place in range(len(lines) - 1, -1, -1):
            if is_item(lines.stored[place]):
                continue
            line = lines[place]
            if "outcome" in line.facts:
                yield outcome_of(line), line.facts["received_on"]
    except (ValueError, KeyError, TypeError):
        raise IntegrityError(BROKEN) from None


def last_outcome(lines: ChainFile) -> ListingOutcome | None:
    """Return the outcome of the newest listing; None where there is none.

    Raises:
        IntegrityError: it is in an unknown form.

    """
    return next((outcome for outcome, _ in newest_outcomes(lines)), None)


def is_item(stored: bytes) -> bool:
    """Return whether a line of a listing is an item, without reading its facts."""
    facts, _, _ = stored.partition(b'},"')
    return LISTING not in facts


class Reading:
    """Puts listings together from their lines."""

    def __init__(self, lines: ChainFile, *, is_long: bool) -> None:
        self.lines, self.is_long = lines, is_long
        self.seen: set[int] = set()
        """The messages' lines that an earlier page showed."""
        self.ids: dict[int, str] = {}
        """By line: the id of a listed message; "" where it cannot be read."""

    def listings(self) -> Iterator[Listing]:
        """Yield each listing once its outcome is read, which is its last line."""
        pages: list[Mapping[str, Any]] = []
        odd = 0
        for place, stored in enumerate(self.lines.stored):
            if is_item(stored):
                continue
            line = self.lines[place]
            facts = line.facts
            if "page" in facts:
                pages.append(facts)
                odd += facts["kind"] == UNREADABLE
            elif "outcome" in facts:
                yield self.listing(line, pages, odd)
                pages, odd = [], 0

    def listing(
        self, outcome: InputLine, pages: Sequence[Mapping[str, Any]], odd: int
    ) -> Listing:
        """Return a listing, given its outcome and the facts of its pages."""
        listing = Listing(
            number=outcome.facts["listing"],
            received_on=outcome.facts["received_on"],
            outcome=outcome_of(outcome),
            is_long=self.is_long,
            unreadable=odd,
        )
        stored, parsed = StoredMessages(self.lines), list[ListedMessage]()
        message_ids, shown = list[str](), set[str]()
        people: dict[str, list[Mapping[str, Any]]] = {
            PageKind.PARTICIPANTS: [],
            PageKind.RECEIPTS: [],
        }
        for facts in pages:
            for place in places_in(facts):
                if facts["origin"] == PageKind.MESSAGES:
                    is_new = place not in self.seen
                    listed = self.message(place) if is_new else None
                    shown.add(self.ids[place])
                    listing.unreadable += not self.ids[place]
                    if listed:
                        message_ids.append(self.ids[place])
                        stored.places.append(place)
                        parsed += [] if self.is_long else [listed]
                    continue
                item = item_on(self.lines[place])
                listing.unreadable += item is None
                if facts["origin"] == PageKind.PROPERTIES:
                    listing.properties = item or {}
                elif item:
                    people[facts["origin"]].append(item)
        listing.messages = stored if self.is_long else parsed
        listing.message_ids = message_ids
        listing.participants = people[PageKind.PARTICIPANTS]
        listing.receipts = people[PageKind.RECEIPTS]
        listing.shown = shown - {""}
        return listing

    def message(self, place: int) -> ListedMessage:
        """Read a message that no page has shown yet, and remember it."""
        listed = listed_message(place, self.lines[place])
        self.seen.add(place)
        self.ids[place] = sys.intern(listed_id(listed.item))
        return listed


def places_in(page: Mapping[str, Any]) -> Iterator[int]:
    """Yield the lines that a page consists of."""
    for span in indexes_in(page.get("items", ())):
        yield from span


def outcome_of(line: InputLine) -> ListingOutcome:
    visibility = Visibility(line.facts["outcome"])
    if line.is_erased or line.facts["kind"] == UNREADABLE:
        return ListingOutcome(visibility=visibility)
    return ListingOutcome.from_json(visibility, json_line.parse(line.content))


def listed_message(place: int, line: InputLine) -> ListedMessage:
    return ListedMessage(
        item=item_on(line) or {},
        line=place,
        commitment=line.commitment.hex(),
        is_erased=line.is_erased,
    )


def item_on(line: InputLine) -> Mapping[str, Any] | None:
    """Return the item on a line; None where it cannot be read."""
    facts = line.facts
    if facts["kind"] == UNREADABLE:
        return None
    if not line.is_erased:
        try:
            value = json_line.parse(line.content)
        except ValueError:  # a number that no reader takes
            return None
        return value if isinstance(value, dict) else None
    if facts["origin"] == PageKind.MESSAGES:
        return message_of(facts)
    if facts["origin"] == PageKind.PARTICIPANTS:
        return participant_of(facts)
    return properties_of(facts) if facts["origin"] == PageKind.PROPERTIES else {}
