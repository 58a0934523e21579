"""A package for a third party: an archive, or part of it, that needs nothing of ours.

It carries what was asked for, the files as they are, the ledger with the lines of other
threads withheld, a checkpoint, and the stand-alone verifier.

In this order, so that an archive which is written to meanwhile gives a package that
verifies: the ledger's head; which threads there are; their site; the request, and its
line of the ledger; the ledger up to that line; of each thread what the ledger knows by
then.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files as resources

from shared.domain import layout
from shared.domain.errors import ArchiverError, IntegrityError
from shared.domain.evidence.checkpoint import Checkpoint
from shared.domain.evidence.orders import decode_orders
from shared.domain.evidence.package import PackageRequest
from shared.domain.evidence.paths import MANIFEST_FILE, ORDERS_FILE, THREAD_FILE
from shared.domain.evidence.thread_file import decode_thread_file
from shared.domain.evidence.tree import Tree
from shared.domain.times import format_time
from shared.ports.archive_store import ArchiveFiles, ArchiveStore
from shared.ports.clock import Clock, NewSalt
from shared.usecases.evidence.read_ledger import read_ledger
from shared.usecases.evidence.revisions import Revisions, threads_of
from shared.usecases.evidence.thread_archive import manifest_in
from shared.usecases.reading.choose import Chosen, NothingChosen
from shared.usecases.reading.package_ledger import PackedLedger, PackLedger
from shared.usecases.reading.package_readme import Asked, readme_of

Record = Callable[[bytes], Awaitable[None]]
"""Appends a line, with its LF, to the archive's ledger."""
MakeSite = Callable[[Sequence[str], Tree], Awaitable[Mapping[str, str]]]
"""Writes the site of some threads, as of a ledger, into the package.

It returns the digest of each of its files, by path.
"""


@dataclass(slots=True, kw_only=True)
class Packed:
    """What went into a package.

    `recorded` says whether the archive's ledger has a line of it, and `not_recorded`
    why that could not be written. `failures` hold a sentence for each thing that is
    wrong in the archive, packed or not.
    """

    threads: int = 0
    revisions: int = 0
    files: int = 0
    bytes: int = 0
    recorded: bool = False
    not_recorded: str = ""
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Makes packages: reads `archive`, writes into the empty folder `target`.

    `record` is None where the archive's ledger is to have no line of it.
    """

    archive: ArchiveFiles
    target: ArchiveStore
    clock: Clock
    draw: NewSalt
    record: Record | None
    on_bytes: Callable[[int], None]
    make_site: MakeSite | None = None
    """None where the package is to have no site."""

    async def __call__(
        self, chosen: Chosen, *, by: str, reason: str, origin: str
    ) -> Packed:
        """Pack the threads that were chosen.

        Raises:
            NothingChosen: the archive has no thread to pack.
            IntegrityError: the ledger cannot be read.
            AlreadyExists: the target is not empty.

        """
        packed = Packed()
        tree = await self.ledger_tree()
        keys = {
            thread_id: await self.key(thread_id, packed)
            async for thread_id in threads_of(
                self.archive, packed.failures.append, chosen.threads
            )
        }
        if not keys:
            raise NothingChosen("the archive has no thread to pack")
        asked = Asked(
            by=by,
            on=format_time(self.clock()),
            reason=reason,
            origin=origin,
            filters=chosen.filters,
            unreadable=len(chosen.failures),
        )
        checkpoint = Checkpoint(origin=origin, size=tree.size, root=tree.root)
        known = sorted(thread_id for thread_id, key in keys.items() if key)
        site = await self.make_site(known, tree) if self.make_site else {}
        packed.files += len(site)
        request, own = await self.requested(asked, known, checkpoint, packed, site)
        ledger = await PackLedger(
            archive=self.archive,
            request=request,
            keys={key for key in keys.values() if key},
            everything=not chosen.threads,
            size=tree.size,
            on_failure=packed.failures.append,
        )()
        for path, lines in ledger.blobs.items():
            await self.target.create(f"archive/{path}", b"".join(lines))
            packed.files += 1
        for thread_id, key in keys.items():
            await self.copy_thread(thread_id, key, ledger, packed)
        await self.put_own(own)
        packed.files += len(own)
        return packed

    async def put_own(self, own: Mapping[str, bytes]) -> None:
        """Write the package's own files last: without them it is none."""
        for path, data in own.items():
            await self.target.create(path, data)

    async def ledger_tree(self) -> Tree:
        """Return the tree of the ledger as it is before anything is done."""
        tree = Tree()
        async for text in read_ledger(self.archive):
            if text.placed:
                tree.add(text.placed.line.leaf)
        return tree

    async def key(self, thread_id: str, packed: Packed) -> str:
        """Return a thread's key; "" where it cannot be read, which is a failure."""
        path = layout.thread_folder(thread_id) + THREAD_FILE
        try:
            found = decode_thread_file(await self.archive.read(path))
        except (ValueError, IntegrityError):
            packed.failures.append(f"{path}: it is missing, or cannot be read")
            return ""
        if found.thread_id != thread_id:
            packed.failures.append(f"{path}: it is that of another folder")
            return ""
        return found.thread_key

    async def requested(
        self,
        asked: Asked,
        threads: list[str],
        checkpoint: Checkpoint,
        packed: Packed,
        site: Mapping[str, str],
    ) -> tuple[PackageRequest, Mapping[str, bytes]]:
        """Return the request and the package's own files, once that is recorded."""
        if self.record:
            request, own = self.request(asked, threads, checkpoint, site, recorded=True)
            try:
                await self.record(request.ledger_line)
            except ArchiverError as error:
                # Who may only read the archive gets a package all the same.
                packed.not_recorded = str(error)
            else:
                packed.recorded = True
                return request, own
        return self.request(asked, threads, checkpoint, site, recorded=False)

    def request(
        self,
        asked: Asked,
        threads: list[str],
        checkpoint: Checkpoint,
        site: Mapping[str, str],
        *,
        recorded: bool,
    ) -> tuple[PackageRequest, Mapping[str, bytes]]:
        own = {
            "README.txt": readme_of(asked, recorded=recorded, has_site=bool(site)),
            "checkpoint.txt": checkpoint.body.encode(),
            "verify.py": resources("shared.verifier")
            .joinpath("verify.py")
            .read_bytes(),
        }
        request = PackageRequest(
            random=self.draw().hex(),
            recorded=recorded,
            threads=tuple(threads),
            filters=asked.filters,
            files={
                **{name: hashlib.sha256(own[name]).hexdigest() for name in own},
                **site,
            },
        )
        return request, {**own, "request.json": request.stored}

    async def copy_thread(
        self, thread_id: str, key: str, ledger: PackedLedger, packed: Packed
    ) -> None:
        """Copy what the packed ledger knows of a thread, and the orders of it."""
        folder = layout.thread_folder(thread_id)
        paths = [file.path async for file in self.archive.walk(folder) if file.is_plain]
        orders = await self.orders(folder, paths, ledger, packed)
        recorded = ledger.newest.get(key, 0)
        finished = Revisions.of(paths).finished
        # Of the newest revision the line may still be on its way.
        later = [number for number in finished if number > recorded][:1]
        revisions = [number for number in finished if number <= recorded] + later
        packed.threads += 1
        packed.revisions += len(revisions)
        for path in paths:
            is_wanted = layout.revision_number(path) in revisions
            if layout.is_stranger(path) or not (
                is_wanted or path == folder + THREAD_FILE
            ):
                continue
            await self.copy(path, packed)
        if orders is not None:
            await self.target.create(f"archive/{folder}{ORDERS_FILE}", orders)
            packed.files += 1
            if await self.archive.read(folder + ORDERS_FILE) != orders:
                packed.failures.append(f"{folder}: it was erased from meanwhile")

    async def orders(
        self, folder: str, paths: list[str], ledger: PackedLedger, packed: Packed
    ) -> bytes | None:
        """Return the orders to erase in a thread; None where there are none."""
        path = folder + ORDERS_FILE
        if path not in paths:
            return None
        data = await self.archive.read(path)
        try:
            digests = {order.digest for order in decode_orders(data)}
        except ValueError:
            packed.failures.append(f"{path}: it cannot be read")
            return data
        if not digests <= ledger.orders:
            packed.failures.append(f"{path}: an erasure is not finished")
        return data

    async def copy(self, path: str, packed: Packed) -> None:
        try:
            if layout.file_name(path) == MANIFEST_FILE:
                manifest_in(await self.archive.read(path), path)
        except IntegrityError as error:
            packed.failures.append(str(error))
        try:
            await self.target.create(f"archive/{path}", self.counted(path, packed))
        except IntegrityError as error:
            packed.failures.append(f"{path}: {error}")
        else:
            packed.files += 1

    async def counted(self, path: str, packed: Packed) -> AsyncIterator[bytes]:
        async for part in self.archive.stream(path):
            packed.bytes += len(part)
            self.on_bytes(len(part))
            yield part
