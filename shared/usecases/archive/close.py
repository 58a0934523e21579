"""Close: what follows a manifest, so that a revision is recorded, known and covered.

The ledger line, then the announcement, then the marker. The line is written once, also
where what follows it fails; an announcement is made at least once.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.domain import layout
from shared.domain.evidence.manifest import Manifest
from shared.domain.log.coverage import Covers, ThreadLog
from shared.domain.times import format_time
from shared.ports.announcer import Announcement, Announcer
from shared.ports.append_log import ThreadLogs
from shared.usecases.evidence.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRevision:
    """Records a revision, announces it, and marks what it covers."""

    ledger: Ledger
    announcer: Announcer
    log: ThreadLogs

    async def __call__(self, manifest: Manifest) -> None:
        """Record and announce a revision that was written just now."""
        # It was numbered by this run, so nobody can have recorded it.
        await self.ledger.append(manifest.ledger_line)
        await self.announce(manifest)

    async def finish(self, newest: Manifest, log: ThreadLog, *, again: bool) -> None:
        """Do what a run that died after this manifest has left undone.

        Without a marker that may be nothing: a folder has none, and a sweep removes
        those of a thread without segments. So a line that stands is not written again,
        and its revision is announced again only where that may have failed: the log
        still holds what a marker would cover, or `again` says that a run failed.
        """
        if newest.revision in log.markers:
            return
        is_new = await self.ledger.record(newest.ledger_line)
        is_unmarked = any(
            (cover := newest.covers.get(segment.name))
            and cover.created_on == format_time(segment.created_on)
            for segment in log.segments
        )
        if is_new or is_unmarked or again:
            await self.announce(newest)

    async def announce(self, manifest: Manifest) -> None:
        path = layout.revision_path(manifest.thread_id, manifest.revision, "")
        await self.announcer.announce(
            Announcement(
                thread_id=manifest.thread_id,
                revision=manifest.revision,
                path=path.rstrip("/"),
                manifest_sha256=manifest.digest,
            )
        )

    async def mark(
        self,
        manifest: Manifest,
        covers: Covers,
        superseded: int = 0,
        whole_pass_due: datetime | None = None,
    ) -> None:
        """Write the marker: it covers what was read, never what came since.

        `superseded` is the revision before it whose renderings still stand.
        """
        await self.log.mark(
            manifest.thread_id, manifest.revision, covers, superseded, whole_pass_due
        )  # P6
