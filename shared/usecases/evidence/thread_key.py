"""The key of a thread, by which ledger lines name it: read, or drawn once."""

from shared.domain.errors import IntegrityError
from shared.domain.evidence.paths import THREAD_FILE
from shared.domain.evidence.thread_file import ThreadFile, decode_thread_file
from shared.domain.layout import thread_folder
from shared.ports.archive_store import AlreadyExists, ArchiveStore
from shared.ports.clock import NewSalt


async def thread_key(archive: ArchiveStore, thread_id: str, draw: NewSalt) -> str:
    """Return a thread's key; `thread.json` is created where it is missing.

    Raises:
        IntegrityError: the file cannot be read, or is that of another thread.
        Transient: the archive cannot be reached.

    """
    path = thread_folder(thread_id) + THREAD_FILE
    try:
        return key_in(path, await archive.read(path), thread_id)
    except IntegrityError:
        # Missing or broken: only the attempt to create it can tell.
        return await new_key(archive, thread_id, draw)


async def new_key(archive: ArchiveStore, thread_id: str, draw: NewSalt) -> str:
    """Return the key of a thread that seems to have none; raise as above."""
    path = thread_folder(thread_id) + THREAD_FILE
    new = ThreadFile(thread_id=thread_id, thread_key=draw().hex())
    try:
        stored = new.stored
    except ValueError as error:
        raise IntegrityError(f"{thread_id!r} cannot be archived: {error}") from None
    try:
        await archive.create(path, stored)
    except AlreadyExists:
        return key_in(path, await archive.read(path), thread_id)
    return new.thread_key


def key_in(path: str, data: bytes, thread_id: str) -> str:
    """Return the key in a `thread.json`; raise as `thread_key` does."""
    try:
        found = decode_thread_file(data)
    except ValueError as error:
        raise IntegrityError(f"{path} cannot be read: {error}") from None
    if found.thread_id != thread_id:
        raise IntegrityError(f"{path} is that of another thread")
    return found.thread_key
