"""Verify: an archive against itself and a checkpoint, trusting nothing that it says.

The verification runs in a thread, so that whatever reads the archive goes on beside it.
Memory grows with the input of the largest thread, with the number of lines, and with
the names of files, not with what the archive holds.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, field

from shared.domain.evidence.checkpoint import Checkpoint
from shared.ports.archive_store import ArchiveFiles
from shared.ports.clock import Clock
from shared.ports.evidence_files import EvidenceFiles
from shared.usecases.evidence.findings import Finding, Verified
from shared.usecases.evidence.stored_evidence import StoredEvidence
from shared.usecases.evidence.verify_archive import ArchiveVerification
from shared.usecases.evidence.verify_rendered import check_rendered


@dataclass(slots=True)
class WatchedFiles:
    """Files that report how much was read of them, and that can be stopped."""

    files: EvidenceFiles
    on_bytes: Callable[[int], None]
    read: set[str] = field(default_factory=set)
    """What was read once, and is not reported again."""
    is_stopped: bool = False

    def names(self, prefix: str = "") -> Iterable[str]:
        """Return the paths of all files under a prefix."""
        return self.files.names(prefix)

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes in parts."""
        is_first = path not in self.read
        self.read.add(path)
        for chunk in self.files.chunks(path):
            if self.is_stopped:
                raise CancelledError
            if is_first:
                self.on_bytes(len(chunk))
            yield chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Verifies archives.

    `files` are read without the event loop where that can be had; else `archive` is
    read through it. `on_finding` and `on_bytes` are called in another thread.
    """

    archive: ArchiveFiles
    files: EvidenceFiles | None = None
    clock: Clock
    on_finding: Callable[[Finding], None]
    on_bytes: Callable[[int], None]

    async def __call__(
        self, *, thread_id: str = "", checkpoint: Checkpoint | None = None
    ) -> Verified:
        """Verify a whole archive, or of its threads only one.

        Raises:
            Transient: the archive cannot be reached, or cannot be read.

        """
        stored = StoredEvidence(self.archive, asyncio.get_running_loop())
        watched = WatchedFiles(self.files or stored, self.on_bytes)
        run = ArchiveVerification(
            files=watched,
            today=self.clock().date().isoformat(),
            checkpoint=checkpoint,
            check_rendered=check_rendered,
            only=thread_id,
        )
        try:
            await asyncio.to_thread(self.verify, run)
        finally:
            # Where this was cancelled, the thread has to end as well.
            watched.is_stopped = True
            stored.stop()
        return run.verified

    def verify(self, run: ArchiveVerification) -> None:
        for finding in run.verify():
            self.on_finding(finding)
