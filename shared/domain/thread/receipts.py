"""Read receipts: who has read a thread up to which message, and when.

The service keeps one per person, in threads of few people, and no event tells it. So
what listings at different times showed is all that is known: each is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain.identity import raw_id
from shared.domain.log.event import other_fields, parse_version
from shared.domain.thread.listing import Listing
from shared.domain.times import as_moment, normalise_time

RECEIPT_FIELDS = ("senderCommunicationIdentifier", "chatMessageId", "readOn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """That somebody had read a thread up to a message. `read_on` is "" if unknown."""

    reader_id: str
    message_id: str
    read_on: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields without a place of their own, as received."""


def read_receipts(listings: Iterable[Listing]) -> tuple[Receipt, ...]:
    """Return each receipt that a listing showed, once, by person and then by time."""
    receipts = {
        (receipt.reader_id, receipt.message_id, receipt.read_on): receipt
        for listing in listings
        for receipt in map(receipt_of, listing.receipts)
    }
    return tuple(
        sorted(
            receipts.values(),
            key=lambda receipt: (
                receipt.reader_id,
                as_moment(receipt.read_on),
                parse_version(receipt.message_id) or 0,
                receipt.message_id,
            ),
        )
    )


def newest_receipts(receipts: Iterable[Receipt]) -> tuple[Receipt, ...]:
    """Return of each person the last of their receipts, which are given by time."""
    return tuple({receipt.reader_id: receipt for receipt in receipts}.values())


def receipt_of(item: Mapping[str, Any]) -> Receipt:
    message_id = item.get("chatMessageId")
    is_id = isinstance(message_id, str | int) and not isinstance(message_id, bool)
    return Receipt(
        reader_id=raw_id(item.get("senderCommunicationIdentifier")),
        message_id=str(message_id) if is_id else "",
        read_on=normalise_time(item.get("readOn")) or "",
        extra=other_fields(item, RECEIPT_FIELDS),
    )
