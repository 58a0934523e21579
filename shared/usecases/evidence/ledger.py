"""The ledger: read in order, and closed day by day."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta

from shared.domain import layout
from shared.domain.archive.evidence import Tree, leaf_hash
from shared.domain.archive.ledger import (
    LONGEST_LINE,
    LineKind,
    by_day,
    closing_line,
    decode_line,
    may_be_closed,
)
from shared.domain.errors import IntegrityError
from shared.domain.log.commitment import sha256
from shared.ports.append_log import AppendLog
from shared.ports.archive_store import ArchiveFiles
from shared.ports.clock import Clock
from shared.ports.leases import LeaseHeld, Leases

LEASE = "leases/ledger"
TAIL = 4096
"""Bytes that hold the last line of a closed day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """A line of the ledger, without LF; `is_torn` where it has none."""

    path: str
    day: date
    text: bytes
    is_torn: bool = False


async def ledger_lines(archive: ArchiveFiles) -> AsyncIterator[LedgerLine]:
    """Yield every line of the ledger, in order.

    Raises:
        IntegrityError: a line is longer than any can be.

    """
    paths = [file.path async for file in archive.walk(layout.LEDGER_PREFIX)]
    for day, segments in by_day(paths).items():
        for path in segments:
            async for line in lines_of(archive, path, day):
                yield line


async def lines_of(
    archive: ArchiveFiles, path: str, day: date
) -> AsyncIterator[LedgerLine]:
    rest = b""
    async for part in archive.stream(path):
        *whole, rest = (rest + part).split(b"\n")
        for text in whole:
            yield LedgerLine(path=path, day=day, text=text)
        if len(rest) > LONGEST_LINE:
            raise IntegrityError(f"{path} holds a line longer than any can be")
    if rest:
        yield LedgerLine(path=path, day=day, text=rest, is_torn=True)


async def open_day(archive: ArchiveFiles, today: date) -> date:
    """Return the day to which something can be added.

    A person's clock may be wrong: nothing may follow on the end of a day.
    """
    days = by_day([file.path async for file in archive.walk(layout.LEDGER_PREFIX)])
    day = max([today, *days])
    if day in days and is_closing(await last_line(archive, days[day][-1])):
        return day + timedelta(days=1)
    return day


async def last_line(archive: ArchiveFiles, path: str) -> bytes:
    return (await archive.tail(path, TAIL)).rstrip(b"\n").split(b"\n")[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseLedger:
    """Closes the days that are over: a line that commits to all lines before it."""

    archive: ArchiveFiles
    ledger: AppendLog
    leases: Leases
    clock: Clock

    async def __call__(self) -> int:
        """Close what can be closed; return how many days were.

        Raises:
            Transient: it may work next time.
            IntegrityError: the ledger cannot be read.

        """
        try:
            async with self.leases.hold(LEASE):
                return await self.close()
        except LeaseHeld:
            return 0

    async def close(self) -> int:
        paths = [file.path async for file in self.archive.walk(layout.LEDGER_PREFIX)]
        days = by_day(paths)
        over = [day for day in days if may_be_closed(day, self.clock())]
        previous, to_close = None, []
        for day in reversed(over):
            last = await last_line(self.archive, days[day][-1])
            if is_closing(last):
                previous = (day.isoformat(), sha256(last))
                break
            to_close.append(day)
        for day in reversed(to_close):
            previous = (day.isoformat(), await self.close_day(day, days[day], previous))
        return len(to_close)

    async def close_day(
        self, day: date, paths: list[str], previous: tuple[str, str] | None
    ) -> str:
        tree = Tree()
        for path in paths:
            async for line in lines_of(self.archive, path, day):
                tree.add(leaf_hash(line.text))
        closing = closing_line(day, tree, previous)
        await self.ledger.append(layout.ledger_stem(day), closing)
        return sha256(closing.rstrip(b"\n"))


def is_closing(line: bytes) -> bool:
    try:
        return bool(decode_line(line)["kind"] == LineKind.CLOSED)
    except IntegrityError:
        return False
