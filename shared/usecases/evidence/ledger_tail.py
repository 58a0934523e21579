"""The ledger's last blob: found, closed when it is over, and followed by the next."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shared.domain.errors import IntegrityError, Transient
from shared.domain.evidence.ledger import closed_line, must_close
from shared.domain.evidence.ledger_lines import LineKind, decode_line
from shared.ports.clock import Clock
from shared.ports.ledger_blobs import BlobClosed, LedgerBlob, LedgerBlobs
from shared.usecases.evidence.ledger_reading import LedgerReading


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedBlob:
    """A blob that is closed, and the ledger up to its end: a checkpoint."""

    blob: int
    lines: int
    root: str
    day: str


@dataclass(slots=True, kw_only=True)
class OpenBlob:
    """A blob to which lines are appended; `begun_on` is "" where nobody knows."""

    number: int
    begun_on: str
    blocks: int = 0

    def is_over(self, today: str) -> bool:
        return must_close(begun_on=self.begun_on, today=today, blocks=self.blocks)

    @property
    def is_full(self) -> bool:
        return self.is_over(self.begun_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastBlob:
    """The last blob as it is, or as it will be; `first` is None without a line."""

    number: int
    size: int
    created_on: datetime | None
    first: bytes | None

    @property
    def holds_lines(self) -> bool:
        """Whether it holds more than its line `closed`."""
        if self.first is None:
            return False
        return closed_in(self.first) is None or self.size > len(self.first)


@dataclass(slots=True, kw_only=True)
class LedgerTail:
    """What a writer knows of the ledger's end. One task at a time may use it."""

    blobs: LedgerBlobs
    clock: Clock
    failures: list[str] = field(default_factory=list)
    """What was wrong with the ledger when it was read last."""
    reading: LedgerReading = field(init=False)
    open: OpenBlob | None = None
    ahead: timedelta = timedelta()
    """How far the storage's clock is ahead of the writer's."""
    ended: int = 0
    """The blob that refused an append last, since nothing can be appended any more."""
    unsealed: int = 0
    """The blob whose sealing was refused."""

    def __post_init__(self) -> None:
        """Begin without having read anything."""
        self.reading = LedgerReading(self.blobs, self.failures.append)

    async def append_to(self, blob: OpenBlob, line: bytes) -> bool:
        """Append a line to a blob; return False if that is closed."""
        try:
            answer = await self.blobs.append(blob.number, line)
        except BlobClosed:
            self.ended = blob.number
            self.forget(blob)
            return False
        except (Transient, IntegrityError):
            self.forget(blob)  # it may be gone: look before the next append
            raise
        blob.blocks = max(blob.blocks, answer.blocks)
        self.set_clock(answer.now)
        return True

    def must_look(self) -> bool:
        return self.open is None or self.is_over(self.open)

    async def find_open(self, line: bytes) -> bool:
        """Find or begin the blob to append to; return whether the line was written."""
        last = await self.last()
        if last.first is None:
            return await self.begin(last.number, line)
        blob = self.opened(last)
        takes_nothing = blob.number == self.ended
        if takes_nothing or self.is_over(blob):
            # One that takes nothing is sealed too: it may only be full.
            is_sealed = await self.close(blob)
            if is_sealed or takes_nothing:
                return await self.begin(last.number + 1, line)
        self.open = blob
        return False

    async def finish_closing(self) -> bool:
        """Finish what a writer began that was killed; return whether there was any."""
        last = await self.last()
        if last.number == 1 or last.first is not None:
            return False
        return await self.begin(last.number)

    async def close(self, blob: OpenBlob) -> bool:
        """Seal a blob; return whether the next one may begin."""
        if blob.number != self.unsealed and not await self.blobs.seal(blob.number):
            self.unsealed = blob.number
        return blob.is_full or blob.number != self.unsealed

    async def begin(self, number: int, line: bytes = b"") -> bool:
        """Begin a blob, whose predecessor was sealed, and append a line to it.

        Return False if another writer was faster, and the line was not written.
        """
        first, day = b"", self.today
        if number > 1:
            await self.refresh(thorough=True)
        await self.blobs.create(number)
        if number > 1:
            # In a folder, lines came to the one before it until just now.
            await self.refresh(thorough=True)
            reader = self.reading.reader
            day = max(day, reader.closed_on.get(number - 2, ""))
            first = closed_line(number - 1, reader.tree, day)
        answer = await self.blobs.append_first(number, first + line)
        self.open = None
        if answer is None:
            return False
        self.open = OpenBlob(number=number, begun_on=day, blocks=answer.blocks)
        return True

    async def refresh(self, *, thorough: bool = False) -> None:
        """Read what came since."""
        listing = await self.blobs.list()
        if not self.reading.fits(listing):
            self.failures.clear()
            self.reading = LedgerReading(self.blobs, self.failures.append)
        async for _ in self.reading.read(listing, thorough=thorough):
            pass

    async def last(self) -> LastBlob:
        """Look up the last blob, and set the clock by the storage's."""
        listing = await self.blobs.list()
        self.set_clock(listing.now or await self.blobs.now())
        if not listing.blobs:
            return LastBlob(number=1, size=0, created_on=None, first=None)
        blob = listing.blobs[-1]
        return LastBlob(
            number=blob.number,
            size=blob.size,
            created_on=blob.created_on,
            first=await self.first_line(blob),
        )

    async def first_line(self, blob: LedgerBlob) -> bytes | None:
        """Return the first line of a blob, with its LF; None where there is none."""
        read = b""
        if blob.size:
            async for part in self.blobs.read(blob.number, 0):
                line, end, _ = (read + part).partition(b"\n")
                if end:
                    return line + end
                read = line
        return None

    def opened(self, last: LastBlob) -> OpenBlob:
        """Return the last blob as one to append to."""
        blocks = 0
        if self.open and self.open.number == last.number:
            blocks = self.open.blocks
        begun_on = ""
        if last.number == 1 and last.created_on:
            begun_on = day_of(last.created_on)
        elif closed := closed_in(last.first):
            begun_on = closed.day
        return OpenBlob(number=last.number, begun_on=begun_on, blocks=blocks)

    def is_over(self, blob: OpenBlob) -> bool:
        if blob.number == self.unsealed:
            return blob.is_full
        return blob.is_over(self.today)

    def forget(self, blob: OpenBlob) -> None:
        if self.open is blob:
            self.open = None

    @property
    def today(self) -> str:
        return day_of(self.clock() + self.ahead)

    def set_clock(self, now: datetime | None) -> None:
        if now:
            self.ahead = now - self.clock()


def day_of(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def closed_in(line: bytes | None) -> ClosedBlob | None:
    """Return what the first line of a blob says; None where it is no `closed`."""
    try:
        decoded = decode_line((line or b"")[:-1])
    except ValueError:
        return None
    if decoded.kind is not LineKind.CLOSED:
        return None
    members = decoded.members
    return ClosedBlob(
        blob=members["blob"],
        lines=members["lines"],
        root=members["root"],
        day=members["day"],
    )
