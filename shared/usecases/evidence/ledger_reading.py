"""Reading the ledger: in order, and when it is read again only what came since."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from shared.domain.evidence.ledger import LedgerReader, PlacedLine, blob_path
from shared.ports.ledger_blobs import LedgerBlobs, Listing

LINES_AT_ONCE = 200
"""Lines that are read before the loop gets its turn: some milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPosition:
    """How far a ledger was read: `start` to `end` is the last line, in bytes of a blob.

    `line` is the SHA-256 of that line; `lines` and `root` are those of the ledger up to
    it, `in_blob` the lines of the blob. `edge` and `closed_on` are what reading goes on
    with.
    """

    blob: int = 0
    start: int = 0
    end: int = 0
    line: str = ""
    in_blob: int = 0
    lines: int = 0
    root: str = ""
    edge: tuple[tuple[int, str], ...] = ()
    closed_on: str = ""


class LedgerReading:
    """What was read of a ledger so far. Lines themselves are not kept."""

    def __init__(
        self, blobs: LedgerBlobs, on_failure: Callable[[str], None] = lambda _: None
    ) -> None:
        """`on_failure` takes a sentence for each line or blob that is wrong."""
        self.blobs = blobs
        self.on_failure = on_failure
        self.reader = LedgerReader()
        self.read_to: dict[int, int] = {}
        """By blob: the bytes of the lines that were read."""
        self.number = 0
        """Lines that were read of the newest blob."""
        self.last_line = b""

    @classmethod
    def resumed(
        cls,
        blobs: LedgerBlobs,
        position: LedgerPosition,
        seen: set[bytes],
        on_failure: Callable[[str], None],
    ) -> "LedgerReading":
        """Return a reading that goes on at a position; `seen` are all leaves so far."""
        reading = cls(blobs, on_failure)
        reader = reading.reader
        reader.seen, reader.blob = seen, position.blob
        reader.is_begun = position.blob == 1 or position.end > 0
        reader.closed_on = {position.blob - 1: position.closed_on}
        reader.tree.size = position.lines
        reader.tree.edge = [(height, bytes.fromhex(h)) for height, h in position.edge]
        reading.read_to = {position.blob: position.end}
        reading.number = position.in_blob
        return reading

    @property
    def position(self) -> LedgerPosition:
        """How far the ledger was read: at least one line of its last blob."""
        reader = self.reader
        end = self.read_to.get(reader.blob, 0)
        return LedgerPosition(
            blob=reader.blob,
            start=end - len(self.last_line) - 1,
            end=end,
            line=hashlib.sha256(self.last_line).hexdigest(),
            in_blob=self.number,
            lines=reader.tree.size,
            root=reader.tree.root,
            edge=tuple((height, node.hex()) for height, node in reader.tree.edge),
            closed_on=reader.closed_on.get(reader.blob - 1, ""),
        )

    def fits(self, listing: Listing) -> bool:
        """Return whether what was read is still the beginning of what is there.

        It is not where a folder was restored, or where a blob that was read to its end
        has grown: its size may have been taken before the next one was seen.
        """
        sizes = {blob.number: blob.size for blob in listing.blobs}
        return all(
            sizes.get(number, -1) == size
            or (number == self.reader.blob and sizes.get(number, -1) > size)
            for number, size in self.read_to.items()
        )

    async def read(
        self, listing: Listing, *, thorough: bool = False
    ) -> AsyncIterator[PlacedLine]:
        """Yield every line that came since, also one that may not stand where it does.

        With `thorough`, sizes are not trusted, and the newest blob is read to its end.

        Raises:
            Transient: the storage cannot be reached; reading goes on here next time.
            IntegrityError: a blob cannot be read.

        """
        for blob in listing.blobs:
            if blob.number < self.reader.blob:
                continue
            if blob.number > self.reader.blob:
                self.begin(blob.number)
            is_last = blob is listing.blobs[-1]
            # One that has a successor is read to its end, whatever its size was.
            if blob.size > self.read_to[blob.number] or thorough or not is_last:
                async for placed in self.read_blob(blob.number, is_last=is_last):
                    yield placed
            if not self.reader.is_begun and not is_last:
                self.on_failure(f"{blob_path(blob.number)} holds no line")

    def begin(self, number: int) -> None:
        self.read_to[number] = self.number = 0
        try:
            self.reader.begin(number)
        except ValueError as error:
            self.on_failure(f"{blob_path(number)}: {error}")

    async def read_blob(
        self, number: int, *, is_last: bool
    ) -> AsyncIterator[PlacedLine]:
        rest = b""
        async for part in self.blobs.read(number, self.read_to[number]):
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                placed = self.read_line(number, line)
                if self.number % LINES_AT_ONCE == 0:
                    await asyncio.sleep(0)
                if placed:
                    yield placed
        if rest and not is_last:
            self.on_failure(f"{blob_path(number)}: its last line is torn")

    def read_line(self, number: int, line: bytes) -> PlacedLine | None:
        self.number += 1
        self.read_to[number] += len(line) + 1
        self.last_line = line
        try:
            return self.reader.read(line)
        except ValueError as error:
            self.on_failure(f"{blob_path(number)}, line {self.number}: {error}")
            return self.reader.misplaced
