"""What finds out what became of threads that were left to the queue."""

from shared.bootstrap.identity import utc_now
from shared.bootstrap.opened_archive import OpenedArchive
from shared.usecases.inventory.settle import Settle


def settle_of(archive: OpenedArchive) -> Settle | None:
    """Return it for an opened archive; None for a folder, which has no queue."""
    storage = archive.storage
    if storage is None:
        return None
    return Settle(
        archive=archive.archive,
        queue=storage.queue,
        sweep_log=storage.sweep_log,
        clock=utc_now,
    )
