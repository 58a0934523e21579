"""Close: what follows a manifest, so that a revision is recorded, known and covered.

The ledger line, then the announcement, then the marker. The line is written once, also
where what follows it fails; an announcement is made at least once.
"""

from dataclasses import dataclass

from shared.domain import layout
from shared.domain.archive.ledger import revision_line
from shared.domain.archive.manifest import Manifest
from shared.domain.log.coverage import ThreadLog, covered_size
from shared.ports.announcer import Announcement, Announcer
from shared.ports.append_log import AppendLog, ThreadLogs
from shared.ports.clock import Clock
from shared.usecases.evidence.recorded import RecordedRevisions


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRevision:
    """Records a revision, announces it, and marks what it covers."""

    ledger: AppendLog
    recorded: RecordedRevisions
    announcer: Announcer
    log: ThreadLogs
    clock: Clock

    async def __call__(self, manifest: Manifest) -> None:
        """Close a revision that was written just now."""
        await self.record(manifest)
        await self.announce(manifest)
        await self.mark(manifest)

    async def finish(self, newest: Manifest, log: ThreadLog, *, again: bool) -> None:
        """Do what a run that died after this manifest has left undone.

        Without a marker that may be nothing: a folder has none, and a sweep removes
        those of a thread without segments. So a line that stands is not written again,
        and its revision is announced again only where that may have failed: the log
        still holds what a marker would cover, or `again` says that a run failed.
        """
        if newest.revision in log.markers:
            return
        is_recorded = await self.recorded.holds(newest)
        if not is_recorded:
            await self.record(newest)
        is_unmarked = any(
            covered_size(segment, newest.covers) for segment in log.segments
        )
        if not is_recorded or is_unmarked or again:
            await self.announce(newest)
        await self.mark(newest)

    async def record(self, manifest: Manifest) -> None:
        stem = layout.ledger_stem(self.clock().date())
        await self.ledger.append(stem, revision_line(manifest))

    async def announce(self, manifest: Manifest) -> None:
        path = layout.revision_path(manifest.thread_id, manifest.revision, "")
        await self.announcer.announce(
            Announcement(
                thread_id=manifest.thread_id,
                revision=manifest.revision,
                path=path.rstrip("/"),
                manifest_sha256=manifest.sha256,
            )
        )

    async def mark(self, manifest: Manifest) -> None:
        """Write the marker: it covers what the manifest does, never what came since."""
        await self.log.mark(
            manifest.thread_id, manifest.revision, manifest.covers
        )  # P6
