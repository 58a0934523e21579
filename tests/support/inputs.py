"""Input of threads: logs and answers of the service, as an archive holds them."""

import json
from dataclasses import replace

from builders import ALICE, NOON, THREAD, Salts
from shared.domain.archive.chain import Chain
from shared.domain.archive.new_lines import ListingLines, recorded_lines, unknown
from shared.domain.archive.read_events import MOST_PARSED_BYTES, read_events
from shared.domain.archive.read_listings import read_listings
from shared.domain.evidence.lines import make_line
from shared.domain.log.record import read_records
from shared.domain.thread.listing import (
    ListedMessage,
    Listing,
    ListingOutcome,
    Visibility,
    listed_id,
)
from shared.domain.times import format_time

FULL = ListingOutcome(visibility=Visibility.FULL, reader=ALICE)


def chain_of(log=b"", thread_id=THREAD):
    """Return the chain of one revision that holds this log."""
    chain = Chain(thread_id=thread_id)
    found = read_records(log)
    lines = unknown(recorded_lines("events", found.records), chain.files["events"])
    return chain.grown(1, {"events": list(lines)})


def logged(log, *, most_parsed=MOST_PARSED_BYTES, thread_id=THREAD):
    """Return the events of a log, as an archive of it is read."""
    events = chain_of(log, thread_id).files["events"]
    found = read_events(thread_id, events, most_parsed=most_parsed)
    return replace(found, unreadable=found.unreadable + read_records(log).torn)


def listing(*items, number=1, outcome=FULL, **more):
    """Return a listing that shows these messages for the first time."""
    given = {"file": "listing", "origin": "messages"}
    messages = [
        ListedMessage(
            item=item,
            line=at,
            commitment=make_line(
                given, json.dumps(item).encode(), at.to_bytes(16, "big")
            ).commitment.hex(),
        )
        for at, item in enumerate(items)
    ]
    ids = [listed_id(item) for item in items]
    return Listing(
        number=number,
        outcome=outcome,
        messages=messages,
        message_ids=ids,
        shown=set(ids) - {""},
        **more,
    )


def listing_chain(*listings, chain=None, now=NOON):
    """Return a chain with one revision more for each listing: pages and an outcome."""
    chain, draw = chain or Chain(thread_id=THREAD), Salts()
    for pages, outcome in listings:
        number = len(chain.revisions) + 1
        lines = ListingLines(
            known=chain.files["listing"],
            number=number,
            received_on=format_time(now),
            draw=draw,
        )
        for index, page in enumerate(pages, 1):
            lines.add_page(page, index)
        lines.add_outcome(outcome)
        chain = chain.grown(number, {"listing": lines.lines})
    return chain


def listings_of(*listings, most_parsed=MOST_PARSED_BYTES):
    """Return listings as an archive of them is read."""
    chain = listing_chain(*listings)
    return read_listings(chain.files["listing"], most_parsed=most_parsed)


def erased_of(log, *lines, thread_id=THREAD):
    """Return the events of a log of which these lines were erased."""
    chain = chain_of(log, thread_id).without(
        {"events": [range(line, line + 1) for line in lines]}
    )
    return read_events(thread_id, chain.files["events"])
