"""List a thread as the best reader there is, and persist what the service answered.

Who that is may only be known from the listing of a worse one, which shows who takes
part and from when on each may see the thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from shared.domain.archive.revision_inputs import RevisionInputs
from shared.domain.log.record import LoggedEvent, Records, thread_events
from shared.domain.thread.listing import (
    Listing,
    ListingOutcome,
    Refusal,
    Visibility,
    encode_outcome,
    encode_page,
    read_listings,
)
from shared.domain.thread.participants import (
    participants,
    people_named,
    reader_candidates,
)
from shared.domain.thread.visibility import (
    judge_listing,
    participants_only,
    shows_more,
)
from shared.domain.words import plural
from shared.ports.chat_service import ChatService, ReaderRefused, ServiceListing
from shared.ports.clock import Clock, NewSalt
from shared.usecases.archive.beside import Beside

MOST_READERS = 10
"""Readers tried for one thread: a token and a refusal cost calls and time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListService:
    """Asks the chat service; gives the lines that keep its answers as received."""

    chat: ChatService
    clock: Clock
    new_salt: NewSalt
    reader_ids: Sequence[str]
    beside: Beside = field(default_factory=Beside)

    async def __call__(
        self,
        inputs: RevisionInputs,
        log: Records,
        number: int,
        readers: Sequence[str] = (),
    ) -> bytes:
        """Return the lines of a listing, for a revision of this number.

        `log` are the events of `inputs`, read. `readers` are tried after those of the
        settings and before those of the log.

        Raises:
            Transient: the service cannot be reached, or throttles for too long.

        """
        size = inputs.size
        events, known = await self.beside(size, read_known, inputs, log)
        people = await self.beside(size, participants, events, known)
        named: Sequence[str] = ()
        refusals: list[Refusal] = []
        best: tuple[ListingOutcome, ServiceListing] | None = None
        tried: set[str] = set()
        while len(tried) < MOST_READERS:
            candidates = chain(
                reader_candidates([*self.reader_ids, *readers], people),
                named if best is None else (),
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
                listing = await self.chat.list_thread(inputs.thread_id, reader)
            except ReaderRefused as error:
                refusals.append(
                    Refusal(reader=reader, status=error.status, reason=error.reason)
                )
                continue
            outcome = judge_listing(
                listing.pages, reader=reader, settled=listing.settled
            )
            if best is None or shows_more(outcome, than=best[0]):
                best = (outcome, listing)
            if outcome.visibility is Visibility.FULL:
                break
            seen = [*known, participants_only(listing.pages)]
            people = await self.beside(size, participants, events, seen)
        listed = sum(len(page.body) for page in best[1].pages) if best else 0
        return await self.beside(listed, self.lines_of, number, best, refusals)

    def lines_of(
        self,
        number: int,
        best: tuple[ListingOutcome, ServiceListing] | None,
        refusals: Sequence[Refusal],
    ) -> bytes:
        now = self.clock()
        if best is None:
            outcome = ListingOutcome(
                visibility=Visibility.EVENTS_ONLY, reason=why_unread(refusals)
            )
            return encode_outcome(outcome, refusals, number=number, received_on=now)
        outcome, listing = best
        pages = b"".join(
            encode_page(
                page, number=number, index=index, received_on=now, salt=self.new_salt()
            )
            for index, page in enumerate(listing.pages, start=1)
        )
        return pages + encode_outcome(outcome, refusals, number=number, received_on=now)


def everybody_named(log: Records) -> list[str]:
    """Return the users whom events name, each once."""
    return list(dict.fromkeys(people_named(log.records)))


def read_known(
    inputs: RevisionInputs, log: Records
) -> tuple[list[LoggedEvent], tuple[Listing, ...]]:
    """Return the events of the log and the earlier listings."""
    return thread_events(log), read_listings(inputs.listing)


def why_unread(refusals: Sequence[Refusal]) -> str:
    if not refusals:
        return "no reader is configured and no participant is known"
    tried = plural(len(refusals), "reader")
    return f"none of {tried} may read it: {refusals[-1].reason}"
