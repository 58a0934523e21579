"""Prune: what a thread's archive has made unnecessary goes, and nothing before (P7)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain import layout
from shared.domain.errors import IntegrityError
from shared.domain.log.coverage import Segment, ThreadLog, covered_size
from shared.domain.log.record import read_quarantined, read_records
from shared.ports.append_log import ThreadLogs
from shared.ports.archive_store import ErasableArchive
from shared.usecases.evidence.held import erased_in, holds_all, may_tell
from shared.usecases.evidence.markers import forget_covers
from shared.usecases.evidence.superseded import remove_all_superseded
from shared.usecases.evidence.thread_archive import orders_path, read_thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Prune:
    """Removes segments of the log, and renderings of superseded revisions.

    `log_keep` of no length keeps the log for ever, but for what holds an erased record:
    that goes after its day.
    """

    log: ThreadLogs
    archive: ErasableArchive
    log_keep: timedelta
    keep_superseded: timedelta

    async def __call__(
        self, thread: ThreadLog, now: datetime, *, is_due: bool = False
    ) -> int:
        """Prune a thread; return how many segments went.

        Of one that is due to be finalized, only what holds an erased record goes.

        Raises:
            IntegrityError: the archive is not what its marker says; nothing goes.
            Transient: log or archive cannot be reached.

        """
        superseded = thread.superseded
        if not is_due:
            superseded = await self.renderings(thread, now)
        old = [
            segment
            for segment in thread.segments
            if self.is_old(thread, segment, now)
            and (not is_due or thread.covers[segment.name].erased)
        ]
        is_needed = is_due or bool(superseded or thread.whole_pass_due)
        pruned: set[str] = set()
        if old or not (thread.segments or is_needed):
            pruned = await self.segments(thread, old)
        left = {segment.name for segment in thread.segments} - pruned
        gone = thread.covers.keys() - left
        if any(thread.covers[name].erased for name in gone):
            # By what was listed here, a marker could cover what was erased since.
            await forget_covers(self.log, replace(thread, superseded=superseded))
        elif not left and not is_needed:
            # Without segments the markers say nothing that the manifests do not.
            for revision in thread.markers:
                await self.log.unmark(thread.thread_id, revision)
        return len(pruned)

    async def segments(self, thread: ThreadLog, old: Sequence[Segment]) -> set[str]:
        """Remove segments that the archive holds; return the names of those that went.

        The archive itself is asked for every record, not only the marker. A segment
        that has changed stays.
        """
        archive = await read_thread(self.archive, thread.thread_id)
        if archive.newest is None:
            raise IntegrityError(
                "a marker stands without a revision; nothing was pruned"
            )
        pruned = set()
        for segment in old:
            found = read_records(await self.log.read(segment, 0))
            if not holds_all(archive.chain.files["events"], found.records):
                raise IntegrityError(
                    "a marker covers what no revision holds; nothing was pruned"
                )
            if await self.log.prune(segment):  # P7
                pruned.add(segment.name)
        return pruned

    async def quarantine(self, thread_id: str, now: datetime) -> tuple[int, bool]:
        """Remove quarantine of days that are over that holds what was erased.

        Return how many segments went, and whether one has to be archived first. Any
        other quarantine stays.

        Raises:
            Transient: log or archive cannot be reached.

        """
        old = [
            segment
            for segment in await self.log.quarantine(thread_id)
            if layout.segment_day(segment.path) != now.date()
        ]
        if not old or not await has_orders(self.archive, thread_id):
            return 0, False
        archive = await read_thread(self.archive, thread_id)
        lines = archive.chain.files["quarantine"]
        gone, pruned, is_left = erased_in(lines), 0, False
        for segment in old:
            found = read_quarantined(await self.log.read(segment, 0))
            if not holds_all(lines, found.records):
                is_left = True
            elif may_tell(found, gone):
                pruned += await self.log.prune(segment)  # P7
        return pruned, is_left

    def is_old(self, thread: ThreadLog, segment: Segment, now: datetime) -> bool:
        """Return whether a segment is covered, closed, and no longer wanted."""
        if layout.segment_day(segment.path) == now.date():
            return False
        if covered_size(segment, thread.covers) < segment.size:
            return False
        is_over = self.log_keep and now - segment.modified_on >= self.log_keep
        return bool(is_over) or thread.covers[segment.name].erased

    async def renderings(self, thread: ThreadLog, now: datetime) -> int:
        """Remove superseded renderings in time; return whose still stand, or 0."""
        is_over = thread.marked_on and now - thread.marked_on >= self.keep_superseded
        if not thread.superseded or not is_over:
            return thread.superseded
        kept = await remove_all_superseded(self.archive, thread.thread_id)
        newest = max(thread.markers)
        await self.log.unmark(thread.thread_id, newest)
        await self.log.mark(
            thread.thread_id, newest, thread.covers, kept, thread.whole_pass_due
        )
        return kept


async def has_orders(archive: ErasableArchive, thread_id: str) -> bool:
    """Return whether anything of a thread was ever erased."""
    try:
        await archive.read(orders_path(thread_id))
    except IntegrityError:
        return False
    return True
