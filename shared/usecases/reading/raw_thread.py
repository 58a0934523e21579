"""The stored files of one thread, on their way to where they are read: any process.

Reading a thread takes far longer than loading its files, so an index is built by
several processes; what they are given, and what they return, can be sent.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain import layout
from shared.domain.errors import IntegrityError
from shared.domain.evidence.paths import MANIFEST_FILE, ORDERS_FILE, THREAD_FILE
from shared.domain.evidence.thread_file import decode_thread_file
from shared.domain.evidence.words import INPUT_FILES
from shared.domain.people import NOBODY_KNOWN, PeopleDirectory
from shared.ports.archive_store import ArchiveFiles, StoredFile
from shared.ports.indexed import IndexedThread
from shared.usecases.evidence.revisions import NOTHING_FINISHED
from shared.usecases.evidence.thread_archive import read_all, read_thread
from shared.usecases.reading.indexed import indexed

Prepare = Callable[[IndexedThread], object]
"""Makes of a thread what an index writes."""
READ = {MANIFEST_FILE, ORDERS_FILE, THREAD_FILE}
READ |= {f"{name}.jsonl" for name in INPUT_FILES}
"""The files that say all of a thread; what is rendered of them is left."""


@dataclass(frozen=True, slots=True)
class RawThread:
    """The files of a thread by path; None where one is only known to be there.

    `people` is what the archive's directory says of those whom the thread names.
    """

    thread_id: str
    files: Mapping[str, bytes | None]
    people: PeopleDirectory = NOBODY_KNOWN

    async def walk(self, prefix: str = "") -> AsyncIterator[StoredFile]:
        """Yield every file under a prefix."""
        for path, data in self.files.items():
            if path.startswith(prefix):
                yield StoredFile(path=path, size=len(data or b""))

    async def folders(self, prefix: str = "") -> AsyncIterator[str]:
        """Yield the thread's folder."""
        folder = layout.thread_folder(self.thread_id)[:-1]
        if folder.startswith(prefix):
            yield folder

    async def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        data = self.files.get(path)
        if data is None:
            raise IntegrityError(f"{path} is missing from the archive")
        return data

    async def stream(self, path: str) -> AsyncIterator[bytes]:
        """Yield a file's bytes."""
        yield await self.read(path)

    async def tail(self, path: str, count: int) -> bytes:
        """Return the last bytes of a file."""
        return (await self.read(path))[-count:]


@dataclass(frozen=True, slots=True)
class ReadThread:
    """A thread as an index writes it, or why it cannot be read.

    `key` is "" where nobody knows it. `prepared` is what the index made of it.
    """

    thread_id: str
    key: str
    prepared: Any = None
    failure: str = ""


async def load(
    archive: ArchiveFiles, thread_id: str, people: PeopleDirectory = NOBODY_KNOWN
) -> RawThread:
    """Load the files of a thread that say all of it.

    Raises:
        IntegrityError: one went meanwhile.
        Transient: the archive cannot be reached.

    """
    folder = layout.thread_folder(thread_id)
    paths = [file.path async for file in archive.walk(folder)]
    wanted = [path for path in paths if path.rsplit("/", 1)[-1] in READ]
    data = await read_all(archive, wanted)
    named = people.named_in(data.values())
    return RawThread(thread_id, {path: data.get(path) for path in paths}, named)


async def read_raw(raw: RawThread, prepare: Prepare) -> ReadThread:
    """Read a thread, and have it prepared for an index."""
    try:
        thread = await read_thread(raw, raw.thread_id)
        if thread.newest is None:
            return ReadThread(
                raw.thread_id, await key_of(raw), failure=NOTHING_FINISHED
            )
        prepared = prepare(indexed(thread, raw.people))
    except IntegrityError as error:
        return ReadThread(raw.thread_id, await key_of(raw), failure=str(error))
    return ReadThread(raw.thread_id, thread.newest.thread_key, prepared)


def read_apart(raw: RawThread, prepare: Prepare) -> ReadThread:
    """Do the same in a process that does nothing else."""
    return asyncio.run(read_raw(raw, prepare))


async def key_of(raw: RawThread) -> str:
    """Return the key of a thread that cannot be read; "" where nothing tells it."""
    path = layout.thread_folder(raw.thread_id) + THREAD_FILE
    try:
        return decode_thread_file(await raw.read(path)).thread_key
    except (IntegrityError, ValueError):
        return ""
