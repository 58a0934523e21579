"""Whether an index stands for an archive as it is now: the ledger tells (P12).

The last line that an index has read holds random bytes or a digest of its own, so one
that stands where it stood is of the same ledger, and what grew after it is news.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from shared.ports.ledger_blobs import LedgerBlobs, Listing
from shared.usecases.evidence.ledger_reading import LedgerPosition


class Age(StrEnum):
    """How an index and an archive compare."""

    CURRENT = "current"
    OLDER = "older"
    OTHER = "of another archive, or of another past of this one"
    NO_LEDGER = "not to be relied on: the archive has no ledger to compare it with"


async def age_of(blobs: LedgerBlobs, position: LedgerPosition) -> Age:
    """Return how what was read up to a position compares with what is there.

    Raises:
        Transient: the archive cannot be reached.

    """
    listing = written(await blobs.list())
    if not listing.blobs:
        return Age.NO_LEDGER
    if not position.blob:
        return Age.OLDER
    if position.blob not in {blob.number for blob in listing.blobs}:
        return Age.OTHER
    length, known, rest = position.end - position.start, b"", b""
    async for part in blobs.read(position.blob, position.start):
        missing = length - len(known)
        known, rest = known + part[:missing], rest + part[missing:]
        if b"\n" in rest:
            break
    if hashlib.sha256(known.removesuffix(b"\n")).hexdigest() != position.line:
        return Age.OTHER
    is_last = position.blob == listing.blobs[-1].number
    # A line that was torn when its writer died is no line.
    return Age.CURRENT if is_last and b"\n" not in rest else Age.OLDER


def written(listing: Listing) -> Listing:
    """Return the blobs that hold something: the last one may have just been made."""
    blobs = tuple(blob for blob in listing.blobs if blob.size)
    return Listing(blobs=blobs, now=listing.now)


def to_json(position: LedgerPosition) -> dict[str, Any]:
    return asdict(position)


def from_json(stored: Mapping[str, Any]) -> LedgerPosition:
    """Return a position that was stored; {} where nothing was read yet."""
    edge = tuple((height, node) for height, node in stored.get("edge", ()))
    return LedgerPosition(**{**stored, "edge": edge})
