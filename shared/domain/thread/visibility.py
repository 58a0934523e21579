"""Visibility: how much of a thread a listing shows, and which of two shows more.

`full` is claimed only when it is known: the reader sees the thread from its beginning,
is still in it, and the thread did not change during the listing. Everything else is
`partial` or `events_only`, with the reason.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from shared.domain import json_line
from shared.domain.identity import is_own_user, raw_id
from shared.domain.thread.listing import (
    Listing,
    ListingOutcome,
    Page,
    PageKind,
    Visibility,
    answer,
    items,
)
from shared.domain.times import LATEST, as_moment, format_time, parse_time


def participants_of(pages: Iterable[Page]) -> Iterator[Mapping[str, Any]]:
    for page in pages:
        if page.kind is PageKind.PARTICIPANTS:
            yield from items(page)


def participants_only(pages: Iterable[Page]) -> Listing:
    """Return the participants in these pages as a listing of its own."""
    return Listing(
        number=0,
        outcome=ListingOutcome(visibility=Visibility.PARTIAL),
        participants=list(participants_of(pages)),
    )


def people_in_messages(pages: Iterable[Page]) -> Iterator[str]:
    """Yield the users whom listed messages name, newest change first, repeatedly.

    Who has left is refused the list of participants; what that reader sees names some
    who may still be there.
    """
    for page in pages:
        if page.kind is PageKind.MESSAGES:
            for item in items(page):
                yield from filter(is_own_user, named_in(item))


def named_in(item: Mapping[str, Any]) -> Iterator[str]:
    """Yield who sent or caused a listed message, and who joined or left by it."""
    content = item.get("content")
    content = content if isinstance(content, dict) else {}
    yield raw_id(item.get("senderCommunicationIdentifier"))
    yield raw_id(content.get("initiatorCommunicationIdentifier"))
    for person in json_line.dicts_in(content.get("participants")):
        yield raw_id(person.get("communicationIdentifier"))


def judge_listing(
    pages: Sequence[Page], *, reader: str, settled: bool
) -> ListingOutcome:
    """Return how much of the thread `reader` can see, going by these pages.

    `settled` is False if the thread kept changing during the listing.
    """
    properties = next((p for p in pages if p.kind is PageKind.PROPERTIES), None)
    created = parse_time(answer(properties).get("createdOn") if properties else None)
    stay = next(
        (
            person
            for person in participants_of(pages)
            if raw_id(person.get("communicationIdentifier")) == reader
        ),
        None,
    )
    if stay is None:
        return ListingOutcome(
            visibility=Visibility.PARTIAL,
            reader=reader,
            reason="the reader has left the thread",
        )
    since = parse_time(stay.get("shareHistoryTime"))
    if since is None or created is None:
        return ListingOutcome(
            visibility=Visibility.PARTIAL,
            reader=reader,
            reason="nobody says whether the reader sees the thread from its beginning",
        )
    if since > created:
        return ListingOutcome(
            visibility=Visibility.PARTIAL,
            reader=reader,
            since=format_time(since),
            reason="the reader may not see the thread from its beginning",
        )
    if not settled:
        return ListingOutcome(
            visibility=Visibility.PARTIAL,
            reader=reader,
            reason="the thread kept changing while it was listed",
        )
    return ListingOutcome(visibility=Visibility.FULL, reader=reader)


def shows_more(listing: ListingOutcome, than: ListingOutcome) -> bool:
    """Return whether a listing shows more of the thread than another."""
    if listing.visibility is not than.visibility:
        return listing.visibility is Visibility.FULL
    since, other = listing.since, than.since
    return as_moment(since, absent=LATEST) < as_moment(other, absent=LATEST)
