"""A thread as its orders leave it: what is to be erased goes to nobody any more.

An order counts from when it is written, also where it is not carried out yet: it died,
or the storage forbids it. And one may be given while a thread is imported, which takes
as long as its messages do.
"""

from shared.domain.archive.read_chain import transcript_of
from shared.domain.errors import IntegrityError, Transient
from shared.domain.thread.transcript import Transcript
from shared.ports.archive_store import ArchiveFiles
from shared.usecases.evidence.carry_out import named_by
from shared.usecases.evidence.thread_archive import orders_path, read_thread


async def as_erased(archive: ArchiveFiles, thread_id: str) -> tuple[Transcript, bytes]:
    """Return a thread without what its orders name, and these orders.

    Raises:
        IntegrityError: it cannot be read.
        Transient: the archive cannot be reached.

    """
    orders = await orders_of(archive, thread_id)  # first: so none is missed
    thread = await read_thread(archive, thread_id)
    return transcript_of(thread.chain.without(named_by(thread.orders))), orders


async def check_no_news(archive: ArchiveFiles, thread_id: str, orders: bytes) -> None:
    """See that no order was given since a thread was read.

    Raises:
        Transient: one was; or the archive cannot be reached.

    """
    if await orders_of(archive, thread_id) != orders:
        raise Transient("something of it was erased meanwhile; the next run goes on")


async def orders_of(archive: ArchiveFiles, thread_id: str) -> bytes:
    """Return the orders of a thread as they are stored; b"" where it has none."""
    try:
        return await archive.read(orders_path(thread_id))
    except IntegrityError:
        return b""
