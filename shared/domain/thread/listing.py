"""What the service answered when a thread was listed, and how far that can be trusted.

Rule 1: every page is stored as received, one line each, with a salt of its own.
Rule 2: a listing ends with an outcome line: who read, and with what visibility.
Rule 3: a listing has the number of the revision that made it; later revisions repeat
        the lines of earlier ones, so nothing that was once read is lost.
Rule 4: a message's salt is derived from its page's. Where a message of the page was
        erased, the page's salt is gone, and `salts` has those of the others by id.
"""

import hashlib
import sys
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, overload

from shared.domain import json_line
from shared.domain.errors import IntegrityError
from shared.domain.log.event import parse_version
from shared.domain.log.record import MOST_PARSED_BYTES, SCHEMA
from shared.domain.times import format_time

PAGES_CACHED = 8
"""Parsed pages held of a long listing; its messages are read roughly in order."""


class PageKind(StrEnum):
    PROPERTIES = "properties"
    MESSAGES = "messages"
    PARTICIPANTS = "participants"


class Visibility(StrEnum):
    """How much of the thread a listing shows."""

    FULL = "full"
    PARTIAL = "partial"
    EVENTS_ONLY = "events_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of the service, as received."""

    kind: PageKind
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingOutcome:
    """How much of the thread could be read, by whom, and if not all, why.

    `since` is the reader's share-history time if that hides the thread's beginning.
    """

    visibility: Visibility
    reader: str = ""
    since: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A reader who could not read, with the service's HTTP status; 0 for none."""

    reader: str
    status: int
    reason: str


@dataclass(slots=True, kw_only=True)
class Listing:
    """One listing, read back: the values of its pages, and its outcome."""

    number: int
    outcome: ListingOutcome
    received_on: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    messages: Sequence[tuple[Mapping[str, Any], str]] = field(default_factory=list)
    """Each message as listed, with its salt, which is "" for an erased message."""
    participants: list[Mapping[str, Any]] = field(default_factory=list)
    unreadable: int = 0
    """Items that are not what the service documents: kept as received, not read."""

    @property
    def message_ids(self) -> Sequence[str]:
        """The id of each listed message; "" for an item without id or version."""
        if isinstance(self.messages, StoredItems):
            return self.messages.message_ids
        return [listed_id(item) for item, _ in self.messages]


Item = tuple[Mapping[str, Any], str]


class StoredItems(Sequence[Item]):
    """The messages of a long listing, each parsed again whenever it is read."""

    def __init__(self, lines: bytes) -> None:
        self.lines = lines
        self.starts, self.ends, self.places = array("Q"), array("Q"), array("L")
        self.message_ids: list[str] = []
        self.pages: OrderedDict[int, list[Item]] = OrderedDict()

    def add(self, start: int, end: int, page: Iterable[Item]) -> None:
        for place, (item, _) in enumerate(page):
            self.starts.append(start)
            self.ends.append(end)
            self.places.append(place)
            # The log has the same ids: interning lets both share one string object.
            self.message_ids.append(sys.intern(listed_id(item)))

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> Item: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...

    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        start = self.starts[index]
        page = self.pages.get(start)
        if page is None:
            value = json_line.parse(self.lines[start : self.ends[index]])
            page = self.pages[start] = salted_items(value)
            if len(self.pages) > PAGES_CACHED:
                self.pages.popitem(last=False)
        return page[self.places[index]]


def listed_id(item: Mapping[str, Any]) -> str:
    """Return the id of a listed message; "" for an item without id or version."""
    item_id = item.get("id")
    if isinstance(item_id, str) and parse_version(item.get("version")) is not None:
        return item_id
    return ""


def salted_items(line: Mapping[str, Any]) -> list[Item]:
    """Return the messages of a stored page, each with its salt."""
    salts = salts_of(line)
    return [(item, salts.get(str(item.get("id")), "")) for item in items(line["body"])]


def listing_salt(page_salt: str, message_id: str) -> str:
    """Return the salt of a message that only a listing shows (16 bytes, hex)."""
    seed = bytes.fromhex(page_salt) + message_id.encode("utf-8", "surrogatepass")
    return hashlib.sha256(seed).hexdigest()[:32]


def salts_of(line: Mapping[str, Any]) -> dict[str, str]:
    """Return the salt of each message of a stored page, by its id.

    Raises:
        ValueError, KeyError, TypeError: the line is in an unknown form.

    """
    if "salts" in line:
        return {str(key): bytes.fromhex(v).hex() for key, v in line["salts"].items()}
    ids = (item.get("id") for item in items(line["body"]))
    return {
        item_id: listing_salt(line["salt"], item_id)
        for item_id in ids
        if isinstance(item_id, str)
    }


def items(page: Any) -> list[Mapping[str, Any]]:
    """Return the items of a page; none if it is not a page of a list."""
    value = page.get("value") if isinstance(page, dict) else None
    return list(json_line.dicts_in(value))


def unreadable_items(page: Any, kind: PageKind) -> int:
    """Return how much of a page is not what its kind says; the page itself counts 1."""
    if kind is PageKind.PROPERTIES:
        return int(not isinstance(page, dict))
    value = page.get("value") if isinstance(page, dict) else None
    if not isinstance(value, list):
        return 1
    read = items(page)
    if kind is PageKind.MESSAGES:
        read = [item for item in read if listed_id(item)]
    return len(value) - len(read)


def encode_page(
    page: Page, *, number: int, index: int, received_on: datetime, salt: bytes
) -> bytes:
    """Return the line for a page of listing `number`, with the body as received."""
    head = (
        f'{{"schema":{SCHEMA},"listing":{number},"kind":"{page.kind}",'
        f'"page":{index},"received_on":"{format_time(received_on)}",'
        f'"salt":"{salt.hex()}","body":'
    )
    return json_line.encode(head + json_line.one_line(page.body) + "}\n")


def encode_outcome(
    outcome: ListingOutcome,
    refusals: Sequence[Refusal],
    *,
    number: int,
    received_on: datetime,
) -> bytes:
    """Return the line that closes listing `number`."""
    line = {
        "schema": SCHEMA,
        "listing": number,
        "kind": "outcome",
        "received_on": format_time(received_on),
        "view": outcome.visibility,
        "reader": outcome.reader,
        "since": outcome.since,
        "reason": outcome.reason,
        "refused": [
            {
                "reader": refusal.reader,
                "status": refusal.status,
                "reason": refusal.reason,
            }
            for refusal in refusals
        ],
    }
    return json_line.encode(json_line.compact(line) + "\n")


def read_listings(
    lines: bytes, *, most_parsed: int = MOST_PARSED_BYTES
) -> tuple[Listing, ...]:
    """Return the listings in `listing.jsonl`, oldest first.

    The messages of more than `most_parsed` bytes are not held in memory but parsed
    again whenever they are read.

    Raises:
        IntegrityError: a line is in an unknown form. Unlike the log, this file is
            written whole and verified, so it is never torn.

    """
    listings: dict[int, Listing] = {}
    start = 0
    while start < len(lines):
        end = lines.find(b"\n", start)
        end = len(lines) if end < 0 else end
        if end > start:
            stored = b"" if len(lines) <= most_parsed else lines
            add_line(listings, lines[start:end], stored, start)
        start = end + 1
    return tuple(listings[number] for number in sorted(listings))


def add_line(
    listings: dict[int, Listing], line: bytes, stored: bytes, start: int
) -> None:
    try:
        value = json_line.parse(line)
        number, kind = int(value["listing"]), value["kind"]
        listing = listings.setdefault(
            number,
            Listing(
                number=number, outcome=ListingOutcome(visibility=Visibility.EVENTS_ONLY)
            ),
        )
        if kind == "outcome":
            listing.received_on = str(value["received_on"])
            listing.outcome = ListingOutcome(
                visibility=Visibility(value["view"]),
                reader=value["reader"],
                since=value["since"],
                reason=value["reason"],
            )
            return
        body = value["body"]
        messages = salted_items(value) if kind == PageKind.MESSAGES else []
        listing.unreadable += unreadable_items(body, PageKind(kind))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise IntegrityError("listing.jsonl holds a line of an unknown form") from None
    if kind == PageKind.PROPERTIES and isinstance(body, dict):
        listing.properties = body
    elif kind == PageKind.MESSAGES:
        if stored and not isinstance(listing.messages, StoredItems):
            listing.messages = StoredItems(stored)
        if isinstance(listing.messages, StoredItems):
            listing.messages.add(start, start + len(line), messages)
        else:
            listing.messages = [*listing.messages, *messages]
    elif kind == PageKind.PARTICIPANTS:
        listing.participants.extend(items(body))
