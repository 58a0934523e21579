"""What keeps, reads and erases the input that concerns no single thread, wired."""

from shared.bootstrap.identity import new_salt
from shared.bootstrap.opened_archive import OpenedArchive
from shared.usecases.evidence.archive_input import ArchiveInput
from shared.usecases.evidence.erase_input import EraseInput


def archive_input(archive: OpenedArchive) -> ArchiveInput:
    """Return what keeps archive-level input.

    Raises:
        PackageIsFinal: it is a package.

    """
    archive.check_writable()
    return ArchiveInput(
        archive=archive.archive,
        ledger=archive.ledger,
        leases=archive.leases,
        draw=new_salt,
    )


def erase_input(archive: OpenedArchive) -> EraseInput:
    """Return what erases from it; raise as `archive_input` does."""
    archive.check_writable()
    return EraseInput(
        archive=archive.archive,
        ledger=archive.ledger,
        holds=archive.holds(),
        leases=archive.leases,
        draw=new_salt,
    )
