"""The ledger's blobs in memory, among the files of an archive in memory."""

from shared.domain.errors import IntegrityError, Transient
from shared.domain.evidence.ledger import blob_numbers, blob_path
from shared.ports.ledger_blobs import Appended, BlobClosed, LedgerBlob, Listing


class MemoryLedgerBlobs:
    """As append blobs are: sealed, full, and appended to at a position."""

    def __init__(self, archive, clock):
        self.archive, self.clock = archive, clock
        self.sealed = set()
        self.blocks = {}
        self.created = {}
        self.most_blocks = 50_000
        self.reads = []

    @property
    def files(self):
        return self.archive.files

    async def list(self):
        blobs = tuple(
            LedgerBlob(
                number=number,
                size=len(self.files[blob_path(number)]),
                created_on=self.created.get(number),
            )
            for number in blob_numbers(self.files)
        )
        return Listing(blobs=blobs, now=self.clock())

    async def read(self, number, start):
        self.reads.append((number, start))
        if blob_path(number) not in self.files:
            raise IntegrityError(f"{blob_path(number)} is missing from the archive")
        data = self.files[blob_path(number)][start:]
        for at in range(0, len(data), 700):  # so that lines are cut across parts
            yield data[at : at + 700]

    async def create(self, number):
        if blob_path(number) not in self.files:
            self.files[blob_path(number)] = b""
            self.created[number] = self.clock()

    async def append(self, number, data):
        blocks = self.blocks.get(number, 0)
        if number in self.sealed or blocks >= self.most_blocks:
            raise BlobClosed
        if blob_path(number) not in self.files:
            raise Transient(f"{blob_path(number)}: 404")
        self.files[blob_path(number)] += data
        self.blocks[number] = blocks + 1
        return Appended(now=self.clock(), blocks=blocks + 1)

    async def append_first(self, number, data):
        if self.files[blob_path(number)] or number in self.sealed:
            return None
        return await self.append(number, data)

    async def seal(self, number):
        self.sealed.add(number)
        return True

    async def now(self):
        return self.clock()
