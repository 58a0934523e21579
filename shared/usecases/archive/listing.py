"""List a thread as the best reader there is, and keep what the service answered.

Who that is may only be known from the listing of a worse one, which tells who takes
part and from when on each may see the thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from shared.domain.archive.revision_inputs import Sources
from shared.domain.log.entries import of_thread
from shared.domain.log.record import read_records
from shared.domain.thread.listing import (
    Refusal,
    Sight,
    View,
    encode_outcome,
    encode_page,
    judge_view,
    read_listings,
    seen_participants,
)
from shared.domain.thread.participants import people_met, reader_candidates, roster
from shared.ports.chat_service import ChatService, ReaderRefused, ServiceListing
from shared.ports.clock import Clock, NewSalt

MOST_READERS = 10
"""Readers tried for one thread: a token and a refusal cost calls and time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListService:
    """Asks the chat service; gives the lines that keep its answers as received."""

    chat: ChatService
    clock: Clock
    new_salt: NewSalt
    reader_ids: Sequence[str]

    async def __call__(
        self, sources: Sources, number: int, readers: Sequence[str] = ()
    ) -> bytes:
        """List the thread that `sources` are of, for a revision of this number.

        `readers` are tried after those of the settings and before those of the log.

        Raises:
            Transient: the service is not to be reached, or throttles for too long.

        """
        log = read_records(sources.events)
        entries = of_thread(log)
        known = read_listings(sources.listing)
        people = roster(entries, known)
        refusals: list[Refusal] = []
        best: tuple[View, ServiceListing] | None = None
        tried: set[str] = set()
        while len(tried) < MOST_READERS:
            candidates = chain(
                reader_candidates([*self.reader_ids, *readers], people),
                people_met(log.records) if best is None else (),
            )
            reader = next((one for one in candidates if one not in tried), None)
            if reader is None:
                break
            tried.add(reader)
            try:
                listing = await self.chat.list_thread(sources.thread_id, reader)
            except ReaderRefused as error:
                refusals.append(
                    Refusal(reader=reader, status=error.status, reason=error.reason)
                )
                continue
            view = judge_view(listing.pages, reader=reader, settled=listing.settled)
            if best is None or better(view, best[0]):
                best = (view, listing)
            if view.sight is Sight.FULL:
                break
            people = roster(entries, [*known, seen_participants(listing.pages)])
        return self.lines_of(number, best, refusals)

    def lines_of(
        self,
        number: int,
        best: tuple[View, ServiceListing] | None,
        refusals: Sequence[Refusal],
    ) -> bytes:
        now = self.clock()
        if best is None:
            view = View(sight=Sight.EVENTS_ONLY, reason=why_unread(refusals))
            return encode_outcome(view, refusals, number=number, received_on=now)
        view, listing = best
        pages = b"".join(
            encode_page(
                page, number=number, index=index, received_on=now, salt=self.new_salt()
            )
            for index, page in enumerate(listing.pages, start=1)
        )
        return pages + encode_outcome(view, refusals, number=number, received_on=now)


def better(view: View, than: View) -> bool:
    """Say whether a view shows more: all of it, or a longer part."""
    if view.sight is not than.sight:
        return view.sight is Sight.FULL
    return bool(view.since) and (not than.since or view.since < than.since)


def why_unread(refusals: Sequence[Refusal]) -> str:
    if not refusals:
        return "no reader is configured and no participant is known"
    return f"none of {len(refusals)} reader(s) may read it: {refusals[-1].reason}"
