"""Build an index, or bring it up to date: only threads with new ledger lines are read.

Rule 1: the ledger is read first, and what it names is noted as to be read; while
        anything is, nobody believes the index. So a build that was killed goes on.
Rule 2: what changes while threads are read has lines that the next build finds.
Rule 3: a thread that cannot be read is named with its reason, and tried every time.
"""

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field

from shared.domain import layout
from shared.domain.errors import IntegrityError
from shared.domain.evidence.ledger_lines import LineKind
from shared.domain.people import NOBODY_KNOWN, PeopleDirectory
from shared.ports.archive_store import ArchiveFiles
from shared.ports.clock import Clock
from shared.ports.index_writer import IndexWriter
from shared.ports.ledger_blobs import LedgerBlobs
from shared.usecases.evidence.ledger_reading import LedgerPosition, LedgerReading
from shared.usecases.evidence.revisions import NOTHING_FINISHED
from shared.usecases.inventory.people import read_people
from shared.usecases.reading.index_age import Age, age_of, from_json, to_json, written
from shared.usecases.reading.raw_thread import (
    Prepare,
    RawThread,
    ReadThread,
    load,
    read_raw,
)
from shared.usecases.reading.read_ahead import read_ahead

CHANGES = (LineKind.REVISION, LineKind.ERASURE)
"""The lines after which a thread reads otherwise."""
MANY = 100
"""Threads from which on it takes long to read them."""
SAVE_EVERY = 200
"""Threads after which a build that is killed goes on."""
NOT_THERE = "the ledger names a thread that is not in the archive"
NO_LEDGER = "the archive has no ledger, so no index of it can be relied on"


ReadRaw = Callable[[RawThread, Prepare], Awaitable[ReadThread]]


@dataclass(slots=True, kw_only=True)
class BuiltIndex:
    """What was done: `threads` were read; `lines` and `root` are the ledger's.

    `failures` hold a sentence for each thread that is missing, and for what is wrong
    with the ledger.
    """

    threads: int = 0
    is_new: bool = False
    lines: int = 0
    root: str = ""
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildIndex:
    """Brings an index up to date. `on_thread` takes how many are done, and of all."""

    archive: ArchiveFiles
    blobs: LedgerBlobs
    index: IndexWriter
    clock: Clock
    on_thread: Callable[[int, int], None] = lambda done, total: None  # noqa: ARG005
    read_long: Callable[[], ReadRaw] = lambda: read_raw
    """Returns what reads many threads: in other processes, where there are any."""

    async def __call__(self) -> BuiltIndex:
        """Build.

        Raises:
            Transient: the archive cannot be reached; the next build goes on.

        """
        built = BuiltIndex()
        await self.read_ledger(built)
        people = await self.directory(built)
        self.index.retry()
        keys = dict(self.index.pending())
        known = {key: thread_id for key, thread_id in keys.items() if thread_id}
        wanted = [*known.values(), *self.index.unkeyed()]
        wanted += [name async for name in self.strangers({*wanted})]
        self.on_thread(0, len(wanted))
        done = 0
        reads = self.read_long() if len(wanted) >= MANY else read_raw

        async def read_one(thread_id: str) -> ReadThread:
            try:
                raw = await load(self.archive, thread_id, people)
            except IntegrityError as error:
                return ReadThread(thread_id, "", failure=str(error))
            return await reads(raw, self.index.prepare)

        async for read in read_ahead(in_turn(wanted), read_one):
            self.write(read, keys, built)
            done += 1
            if done % SAVE_EVERY == 0:
                self.index.save()
            self.on_thread(done, len(wanted))
        for key in self.index.pending():
            self.index.fail(key, "", NOT_THERE)
            built.failures.append(NOT_THERE)
        self.index.finish(self.clock().isoformat(timespec="seconds"))
        return built

    async def read_ledger(self, built: BuiltIndex) -> None:
        """Note what came since the last build."""
        position = from_json(self.index.position)
        if await age_of(self.blobs, position) in (Age.OTHER, Age.NO_LEDGER):
            self.index.clear()
            position = LedgerPosition()
        built.is_new = not position.blob
        keys, leaves, erases = set[str](), list[bytes](), False
        listing = written(await self.blobs.list())
        problems = list[str]()
        reading = LedgerReading(self.blobs, problems.append)
        if position.blob:
            reading = LedgerReading.resumed(
                self.blobs, position, self.index.seen, problems.append
            )
        async for placed in reading.read(listing):
            leaves.append(placed.line.leaf)
            if placed.line.kind in CHANGES and not placed.line.is_withheld:
                # An order without a key is about what concerns no single thread.
                keys |= {placed.line.thread_key} - {""}
                erases |= placed.line.kind is LineKind.ERASURE
        if listing.blobs:
            read = reading.position if reading.last_line else position
            built.lines, built.root = read.lines, read.root
            self.index.note(
                to_json(read), leaves, keys, erases=erases, problems=problems
            )
        else:
            built.failures.append(NO_LEDGER)
        built.failures += self.index.problems

    async def directory(self, built: BuiltIndex) -> PeopleDirectory:
        """Return the directory of people; note whose threads read otherwise by it."""
        try:
            people = await read_people(self.archive)
        except IntegrityError as error:
            built.failures.append(f"the directory of people: {error}")
            people = NOBODY_KNOWN
        before = self.index.directory()
        changed = {
            who
            for who in before.by_id.keys() | people.by_id.keys()
            if before.by_id.get(who) != people.by_id.get(who)
        }
        if changed:
            self.index.set_directory(people, changed)
        return people

    async def strangers(self, known: set[str]) -> AsyncIterator[str]:
        """Yield the threads of the archive that the index does not have."""
        known |= self.index.known_threads()
        async for folder in self.archive.folders(layout.THREAD_PREFIX):
            thread_id = layout.thread_of(folder)
            if thread_id and thread_id not in known:
                yield thread_id

    def write(
        self, read: ReadThread, keys: Mapping[str, str], built: BuiltIndex
    ) -> None:
        failure = read.failure
        if not failure:
            try:
                # Of one whose finalizer has not written the ledger's line yet, that
                # line comes, and is news.
                self.index.put(read.prepared)
            except IntegrityError as error:
                failure = str(error)
            else:
                built.threads += 1
                return
        elif failure == NOTHING_FINISHED and read.key not in keys:
            return  # an attempt that died, or is under way
        self.index.fail(read.key, read.thread_id, failure)
        built.failures.append(f"{read.thread_id}: {failure}")


async def index_threads(
    archive: ArchiveFiles,
    index: IndexWriter,
    thread_ids: Sequence[str],
    position: LedgerPosition,
    built_on: str,
    reads: ReadRaw = read_raw,
) -> None:
    """Build a new index of some threads, for a copy of them; the ledger is not read.

    Raises:
        Transient: the archive cannot be reached.

    """
    index.clear()
    index.note(to_json(position), (), (), erases=False)

    async def read_one(thread_id: str) -> ReadThread:
        try:
            return await reads(await load(archive, thread_id), index.prepare)
        except IntegrityError as error:
            return ReadThread(thread_id, "", failure=str(error))

    async for read in read_ahead(in_turn(thread_ids), read_one):
        if read.failure:
            index.fail(read.key, read.thread_id, read.failure)
        else:
            index.put(read.prepared)
    index.finish(built_on)


async def in_turn(thread_ids: Iterable[str]) -> AsyncIterator[str]:
    for thread_id in thread_ids:
        yield thread_id
