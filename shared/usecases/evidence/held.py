"""Whether an archive holds what a segment of the log says, line by line (P7)."""

from collections.abc import Collection, Iterable

from shared.domain.archive.chain import ChainFile
from shared.domain.evidence.content import content_of
from shared.domain.evidence.lines import commitment_to
from shared.domain.log.record import Record, Records


def commitments_of(records: Iterable[Record]) -> set[bytes]:
    """Return what the lines of these records commit to."""
    return {commitment_to(record.salt, content_of(record.text)) for record in records}


def may_tell(records: Records, gone: Collection[bytes]) -> bool:
    """Return whether a segment may hold what has these commitments in the archive.

    A torn line may hold anything.
    """
    return bool(records.torn) or not commitments_of(records.records).isdisjoint(gone)


def holds_all(file: ChainFile, records: Iterable[Record]) -> bool:
    """Return whether each record is a line of this file, erased or not."""
    return commitments_of(records) <= set(file.commitments)


def erased_in(file: ChainFile) -> set[bytes]:
    """Return the commitments of erased lines."""
    return {
        commitment
        for commitment, salt in zip(file.commitments, file.salts, strict=True)
        if not salt
    }
