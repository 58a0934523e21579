"""List a thread as the best reader there is.

Who that is may only be known from the listing of a worse one, which shows who takes
part and from when on each may see the thread; or, where its reader has left, only whom
its messages name.

A snapshot reads pages, newest change first, down to the first that shows nothing new.
Where that was the last page, all was read: it is a whole pass like any other.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from shared.domain.archive.chain import Chain
from shared.domain.archive.known_items import KnownItems
from shared.domain.archive.new_lines import Draw, ListingLines
from shared.domain.archive.read_listings import read_listings
from shared.domain.evidence.lines import InputLine
from shared.domain.log.logged import Logged, LoggedEvent, thread_events
from shared.domain.thread.listing import (
    Listing,
    ListingOutcome,
    Page,
    Refusal,
    Visibility,
)
from shared.domain.thread.participants import (
    participants,
    people_named,
    reader_candidates,
)
from shared.domain.thread.visibility import (
    judge_listing,
    participants_only,
    people_in_messages,
    shows_more,
)
from shared.domain.times import format_time
from shared.domain.words import plural
from shared.ports.chat_service import (
    ChatService,
    IsKnown,
    ReaderRefused,
    ServiceListing,
)
from shared.ports.clock import Clock
from shared.usecases.evidence.beside import Beside

MOST_READERS = 10
"""Readers tried for one thread: a token and a refusal cost calls and time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the service answered, and how much of the thread that shows."""

    outcome: ListingOutcome
    pages: Sequence[Page] = ()
    received_on: str

    @property
    def size(self) -> int:
        """The characters of all answers."""
        return sum(len(page.body) for page in self.pages)

    def lines(
        self, chain: Chain, number: int, torn: int, draw: Draw
    ) -> list[InputLine]:
        """Return the lines that a revision of this number adds to its listing.

        `torn` is how many lines of the log could not be read.
        """
        listing = ListingLines(
            known=chain.files["listing"],
            number=number,
            received_on=self.received_on,
            draw=draw,
        )
        for index, page in enumerate(self.pages, start=1):
            listing.add_page(page, index)
        listing.add_outcome(replace(self.outcome, torn=torn))
        return listing.lines


@dataclass(frozen=True, slots=True, kw_only=True)
class ListService:
    """Asks the chat service."""

    chat: ChatService
    clock: Clock
    reader_ids: Sequence[str]
    beside: Beside = field(default_factory=Beside)

    async def __call__(
        self,
        chain: Chain,
        log: Logged,
        readers: Sequence[str] = (),
        *,
        snapshot: bool = False,
    ) -> Answered:
        """Return what the service answers to the best reader.

        `log` are the events of `chain`, read. `readers` are tried after those of the
        settings and before those of the log. A `snapshot` leaves out what is known.

        Raises:
            Transient: the service cannot be reached, or throttles for too long.

        """
        size = chain.size
        events, known = await self.beside(size, read_known, chain, log)
        people = await self.beside(size, participants, events, known)
        is_known: IsKnown | None = None
        if snapshot:
            items = await self.beside(size, KnownItems, chain.files["listing"])
            is_known = items.hold_page
        named: Sequence[str] = ()
        met: list[str] = []
        refusals: list[Refusal] = []
        best: tuple[ListingOutcome, ServiceListing] | None = None
        tried: set[str] = set()
        while len(tried) < MOST_READERS:
            candidates = itertools.chain(
                reader_candidates([*self.reader_ids, *readers], people),
                named if best is None else (),
                met,
            )
            reader = next(
                (candidate for candidate in candidates if candidate not in tried), None
            )
            if reader is None and best is None and not named:
                named = await self.beside(size, everybody_named, log)
                reader = next((name for name in named if name not in tried), None)
            if reader is None:
                break
            tried.add(reader)
            try:
                listing = await self.chat.list_thread(chain.thread_id, reader, is_known)
            except ReaderRefused as error:
                refusals.append(
                    Refusal(reader=reader, status=error.status, reason=error.reason)
                )
                continue
            outcome = judge(listing, reader)
            if best is None or shows_more(outcome, than=best[0]):
                best = (outcome, listing)
            if outcome.visibility is Visibility.FULL:
                break
            present = participants_only(listing.pages)
            people = await self.beside(size, participants, events, [*known, present])
            if not present.participants:  # the reader has left, and is refused them
                met += await self.beside(size, everybody_met, listing.pages)
        return Answered(
            outcome=replace(outcome_of(best, refusals), refused=tuple(refusals)),
            pages=best[1].pages if best else (),
            received_on=format_time(self.clock()),
        )


def judge(listing: ServiceListing, reader: str) -> ListingOutcome:
    """Return how much a listing shows, and how the service answered it."""
    return replace(
        judge_listing(listing.pages, reader=reader, settled=listing.settled),
        api_version=listing.api_version,
        refused_version=listing.refused_version,
        no_receipts=listing.no_receipts,
    )


def outcome_of(
    best: tuple[ListingOutcome, ServiceListing] | None, refusals: Sequence[Refusal]
) -> ListingOutcome:
    """Return the outcome of the best listing, as judged; of none, why."""
    if best is None:
        reason = why_unread(refusals)
        return ListingOutcome(
            visibility=Visibility.EVENTS_ONLY, reason=reason, no_receipts=reason
        )
    outcome, listing = best
    if listing.is_whole:
        return outcome
    return replace(outcome, visibility=Visibility.SNAPSHOT)


def everybody_named(log: Logged) -> list[str]:
    """Return the users whom events name, each once."""
    return list(dict.fromkeys(people_named(log.records)))


def everybody_met(pages: Sequence[Page]) -> list[str]:
    """Return the users whom listed messages name, each once."""
    return list(dict.fromkeys(people_in_messages(pages)))


def read_known(
    chain: Chain, log: Logged
) -> tuple[list[LoggedEvent], tuple[Listing, ...]]:
    """Return the events of the log and the earlier listings."""
    return thread_events(log), read_listings(chain.files["listing"])


def why_unread(refusals: Sequence[Refusal]) -> str:
    if not refusals:
        return "no reader is configured and no participant is known"
    tried = plural(len(refusals), "reader")
    return f"none of {tried} may read it: {refusals[-1].reason}"
