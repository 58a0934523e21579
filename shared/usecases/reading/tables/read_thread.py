"""The rows of one thread, and what tells whether they changed: in any process."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain.archive.read_chain import transcript_of
from shared.domain.errors import IntegrityError
from shared.formats.tables.rows import OfRevision, Placed, rows_of
from shared.usecases.evidence.revisions import NOTHING_FINISHED
from shared.usecases.evidence.thread_archive import read_thread
from shared.usecases.reading.indexed import check_erased
from shared.usecases.reading.raw_thread import RawThread

PrepareRows = Callable[[Iterable[Placed]], Any]
DIGEST_BYTES = 8
"""Enough for a change to be seen; nothing is proven by it."""


@dataclass(frozen=True, slots=True)
class ThreadRows:
    """A thread's rows as they are written, or why it cannot be read.

    `digests` are of the rows of each folder.
    """

    thread_id: str
    prepared: Any = None
    digests: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""


ReadRows = Callable[[RawThread, PrepareRows], Awaitable[ThreadRows]]


async def read_rows(raw: RawThread, prepare: PrepareRows) -> ThreadRows:
    """Read the newest revision of a thread."""
    try:
        thread = await read_thread(raw, raw.thread_id)
        if thread.newest is None:
            return ThreadRows(raw.thread_id, failure=NOTHING_FINISHED)
        check_erased(thread)
        transcript = transcript_of(thread.chain)
    except IntegrityError as error:
        return ThreadRows(raw.thread_id, failure=str(error))
    revision = OfRevision(
        number=thread.newest.revision,
        written_on=thread.newest.written_on,
        manifest=thread.newest.digest,
    )
    hashes = dict[str, Any]()
    prepared = prepare(hashed(rows_of(transcript, revision), hashes))
    digests = {folder: rows.hexdigest() for folder, rows in hashes.items()}
    return ThreadRows(raw.thread_id, prepared, digests)


def hashed(rows: Iterable[Placed], hashes: dict[str, Any]) -> Iterator[Placed]:
    """Yield rows, and add each to the hash of its folder."""
    for folder, row in rows:
        if folder not in hashes:
            hashes[folder] = hashlib.blake2b(digest_size=DIGEST_BYTES)
        hashes[folder].update(repr([*row.values()]).encode())
        yield folder, row


def read_apart(raw: RawThread, prepare: PrepareRows) -> ThreadRows:
    """Do the same in a process that does nothing else."""
    return asyncio.run(read_rows(raw, prepare))
