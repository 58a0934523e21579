"""What an archive holds of one thread: revisions, the chain of its input, orders."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.domain import layout
from shared.domain.archive.chain import Chain
from shared.domain.errors import IntegrityError
from shared.domain.evidence import paths
from shared.domain.evidence.manifest import Manifest, decode_manifest
from shared.domain.evidence.orders import Order, decode_orders, named_lines
from shared.domain.evidence.words import INPUT_FILES
from shared.ports.archive_store import ArchiveFiles
from shared.usecases.evidence.beside import Beside
from shared.usecases.evidence.revisions import Revisions

ON_THE_LOOP = Beside(is_used=False)
"""For commands: nothing else waits for the loop."""
AT_ONCE = 8
"""Files of a thread that are read side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadArchive:
    """A thread's archive, its lines checked against the roots in its manifests.

    `paths` are all files in the thread's folder.
    """

    thread_id: str
    paths: frozenset[str]
    revisions: Revisions
    manifests: Mapping[int, Manifest]
    chain: Chain
    orders: tuple[Order, ...]

    @property
    def newest(self) -> Manifest | None:
        """The newest revision's manifest; None where there is none."""
        number = self.revisions.newest
        return self.manifests[number] if number else None

    def path(self, revision: int, name: str) -> str:
        return layout.revision_path(self.thread_id, revision, name)


async def read_thread(
    archive: ArchiveFiles,
    thread_id: str,
    revision: int = 0,
    beside: Beside = ON_THE_LOOP,
) -> ThreadArchive:
    """Return a thread's archive, up to a revision if one is given.

    Reading the lines of a long thread holds nothing else up with a `beside`.

    Raises:
        IntegrityError: there is no such revision, or files are not what the manifests
            say.
        Transient: the archive cannot be reached.

    """
    folder = layout.thread_folder(thread_id)
    found = frozenset([file.path async for file in archive.walk(folder)])
    revisions = Revisions.of(found)
    if revision and revision not in revisions.finished:
        raise IntegrityError(
            f"the archive has no such thread or revision ({thread_id}, revision "
            f"{revision}); `chat-archive list` and `show` name all"
        )
    chosen = [n for n in revisions.finished if not revision or n <= revision]
    manifests = await read_manifests(archive, thread_id, chosen)
    names = [(number, file) for number in chosen for file in INPUT_FILES]
    there = {
        (number, file): path
        for number, file in names
        if (path := layout.revision_path(thread_id, number, f"{file}.jsonl")) in found
    }
    data = await read_all(archive, there.values())
    chain = Chain(thread_id=thread_id)
    for number in chosen:
        files = {
            file: (there[number, file], data.pop(there[number, file]))
            for file in INPUT_FILES
            if (number, file) in there
        }
        size = sum(len(lines) for _, lines in files.values())
        await beside(size, add_revision, chain, manifests[number], files)
    path = orders_path(thread_id)
    orders = await read_orders(archive, path) if path in found else ()
    check_orders(orders, manifests, path)
    return ThreadArchive(
        thread_id=thread_id,
        paths=found,
        revisions=revisions,
        manifests=manifests,
        chain=chain,
        orders=orders,
    )


async def read_manifests(
    archive: ArchiveFiles, thread_id: str, revisions: Iterable[int]
) -> dict[int, Manifest]:
    """Return manifests by revision, each of which follows on the one before.

    Raises:
        IntegrityError: one is broken, of another thread, or does not follow.

    """
    files = {
        number: layout.revision_path(thread_id, number, paths.MANIFEST_FILE)
        for number in revisions
    }
    data = await read_all(archive, files.values())
    manifests: dict[int, Manifest] = {}
    before = (0, "")
    for number, path in files.items():
        manifest = manifest_in(data[path], path)
        if (manifest.thread_id, manifest.revision) != (thread_id, number):
            raise IntegrityError(f"{path} is the manifest of another revision")
        if (manifest.previous_revision, manifest.previous) != before:
            raise IntegrityError(f"{path} does not follow on the revision before it")
        before = (number, manifest.digest)
        manifests[number] = manifest
    return manifests


def manifest_in(data: bytes, path: str) -> Manifest:
    """Return the manifest in a file.

    Raises:
        IntegrityError: it cannot be read.

    """
    try:
        return decode_manifest(data)
    except ValueError as error:
        raise IntegrityError(f"{path} is no manifest: {error}") from None


async def newest_manifest(archive: ArchiveFiles, thread_id: str) -> Manifest | None:
    """Return the manifest of a thread's newest revision; None where it has none.

    Raises:
        IntegrityError: the manifest is broken, or another revision's.
        Transient: the archive cannot be reached.

    """
    folder = layout.thread_folder(thread_id)
    newest = Revisions.of([file.path async for file in archive.walk(folder)]).newest
    if not newest:
        return None
    path = layout.revision_path(thread_id, newest, paths.MANIFEST_FILE)
    manifest = manifest_in(await archive.read(path), path)
    if (manifest.thread_id, manifest.revision) != (thread_id, newest):
        raise IntegrityError(f"{path} is the manifest of another revision")
    return manifest


async def read_orders(archive: ArchiveFiles, path: str) -> tuple[Order, ...]:
    """Return the orders in an `erasures.json`.

    Raises:
        IntegrityError: it cannot be read.

    """
    try:
        return decode_orders(await archive.read(path))
    except ValueError as error:
        raise IntegrityError(f"{path} cannot be read: {error}") from None


async def read_all(archive: ArchiveFiles, wanted: Iterable[str]) -> dict[str, bytes]:
    """Return the bytes of some files, read side by side."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def read(path: str) -> bytes:
        async with turn:
            return await archive.read(path)

    names = list(wanted)
    if len(names) == 1:
        return {names[0]: await archive.read(names[0])}
    return dict(zip(names, await asyncio.gather(*map(read, names)), strict=True))


def add_revision(
    chain: Chain, manifest: Manifest, files: Mapping[str, tuple[str, bytes]]
) -> None:
    """Add the lines of a revision to the chain, given by file with their paths."""
    chain.begin(manifest.revision)
    for file, (path, data) in files.items():
        add_lines(chain, file, data, path)
    check_roots(chain, manifest)


def add_lines(chain: Chain, file: str, data: bytes, path: str) -> None:
    try:
        chain.files[file].add_all(data)
    except ValueError as error:
        raise IntegrityError(f"{path} holds what is no line: {error}") from None


def check_roots(chain: Chain, manifest: Manifest) -> None:
    # A last line that was cut off its LF fits all the same, and is read as it stands.
    for found, said in zip(chain.roots, manifest.inputs, strict=True):
        if found != said:
            raise IntegrityError(
                f"{said.file}.jsonl of revision {manifest.revision} is not what its "
                "manifest says"
            )


def check_orders(
    orders: Iterable[Order], manifests: Mapping[int, Manifest], path: str
) -> None:
    """Refuse an order that names lines which came after it: they are not its to take.

    Raises:
        IntegrityError: an order does.

    """
    for order in orders:
        if order.revision not in manifests:
            continue
        there = {e.file: e.lines for e in manifests[order.revision].inputs}
        for file, spans in named_lines(order).items():
            if spans[-1].stop > there.get(file, 0):
                raise IntegrityError(
                    f"{path}: order {order.number} names lines of {file} that came "
                    "after it"
                )


def orders_path(thread_id: str) -> str:
    return layout.thread_folder(thread_id) + paths.ORDERS_FILE
