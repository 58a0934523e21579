"""Ledgers over real stores, with a day that can be turned and a writer to be killed."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from evidence_verifiers import failures
from shared.domain.evidence.ledger import blob_numbers
from shared.domain.evidence.ledger_lines import LineKind, decode_line, encode_line
from shared.usecases.evidence.ledger import Ledger

numbers = itertools.count(1)
LATER = "2031-01-01"
"""The day on which everything is verified."""


class Killed(BaseException):
    """The process was killed; nothing of it may catch this."""


class Store:
    """The blobs of a store, of which any number of writers opens its own.

    Its clock is `turned` on by as much as a test says.
    """

    def __init__(self, archive, open_blobs):
        self.archive, self.open_blobs = archive, open_blobs
        self.turned = timedelta()

    def writer(self, **options):
        blobs = Watched(self.open_blobs(), self, **options)
        return Ledger(blobs=blobs, clock=self.clock)

    def clock(self):
        return datetime.now(UTC) + self.turned

    def turn_day(self):
        self.turned += timedelta(days=1)

    async def files(self):
        return {
            file.path: await self.archive.read(file.path)
            async for file in self.archive.walk("ledger/")
        }

    async def check(self, checkpoint=b""):
        """Return the distinct lines but `closed`, after both verifiers had a look."""
        files = await self.files()
        assert failures(files, checkpoint, today=LATER) == []
        found = {}
        for path in sorted(files):
            for line in files[path].splitlines(keepends=True):
                if line.endswith(b"\n"):
                    found[line] = decode_line(line[:-1]).kind
        return [line for line, kind in found.items() if kind is not LineKind.CLOSED]

    async def blobs(self):
        return blob_numbers(await self.files())


class Watched:
    """A store's blobs, killed before the write after `fuse` ones."""

    def __init__(self, blobs, store, *, fuse=None, seals=True):
        self.inner, self.store = blobs, store
        self.fuse, self.seals = fuse, seals
        self.reads = []
        self.before_create = None
        """What others do just before this writer creates a blob."""

    def burn(self):
        if self.fuse is not None:
            if self.fuse == 0:
                raise Killed
            self.fuse -= 1

    def at(self, now):
        return now and now + self.store.turned

    async def list(self):
        listing = await self.inner.list()
        return replace(listing, now=self.at(listing.now))

    def read(self, number, start):
        self.reads.append((number, start))
        return self.inner.read(number, start)

    async def create(self, number):
        self.burn()
        if self.before_create:
            await self.before_create()
        await self.inner.create(number)

    async def append(self, number, data):
        self.burn()
        answer = await self.inner.append(number, data)
        return replace(answer, now=self.at(answer.now))

    async def append_first(self, number, data):
        self.burn()
        answer = await self.inner.append_first(number, data)
        return answer and replace(answer, now=self.at(answer.now))

    async def seal(self, number):
        self.burn()
        return self.seals and await self.inner.seal(number)

    async def now(self):
        return self.at(await self.inner.now())


def new_line(why=""):
    """Return a line that no other test has."""
    number = next(numbers)
    members = {
        "action": "add",
        "hold": f"{number:032x}",
        "random": f"{number:032x}",
        "participant": "8:acs:somebody",
        "message": "",
        "who": "counsel",
        "when": "2026-11-22T12:00:00Z",
        "why": why,
    }
    return encode_line(LineKind.HOLD, "", members)
