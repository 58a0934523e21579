"""What is known of a thread before the service is asked: its log and its archive."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from shared.domain.archive.new_lines import recorded_lines, unknown
from shared.domain.evidence.lines import InputLine
from shared.domain.evidence.manifest import Cover, Manifest
from shared.domain.log import coverage
from shared.domain.log.coverage import Covers, Segment, ThreadLog
from shared.domain.log.record import Records, read_quarantined, read_records
from shared.domain.times import format_time
from shared.ports.append_log import ThreadLogs
from shared.ports.archive_store import ArchiveStore
from shared.usecases.evidence.beside import Beside
from shared.usecases.evidence.held import may_tell
from shared.usecases.evidence.thread_archive import ThreadArchive, read_thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Where a thread stands before anything is done: its log and its archive."""

    log: ThreadLog
    thread: ThreadArchive

    @property
    def number(self) -> int:
        """The number of the revision to be written."""
        return self.thread.revisions.last_used + 1

    @property
    def previous(self) -> Manifest | None:
        """The newest revision; None where there is none."""
        return self.thread.newest

    @property
    def marked(self) -> Covers:
        """What of the log is surely in the newest revision.

        Without its marker nothing is known to be: all of the log is read again, and
        what the archive has is recognised.
        """
        newest = self.thread.revisions.newest
        return self.log.markers.get(newest, {})

    @property
    def is_covered(self) -> bool:
        """Whether the newest revision is known to hold all that the log holds."""
        return self.previous is not None and not coverage.uncovered(
            self.log.segments, self.marked
        )


async def load_thread(
    logs: ThreadLogs, archive: ArchiveStore, thread_id: str, beside: Beside
) -> Loaded:
    """Return the log's segments as they are now, and the thread's archive."""
    log = await logs.thread(thread_id)
    thread = await read_thread(archive, thread_id, beside=beside)
    return Loaded(log=log, thread=thread)


@dataclass(slots=True, kw_only=True)
class NewInput:
    """What the log has that the archive lacks.

    `covers` is what the next revision will say of the log, and `torn` how many lines
    of it could not be read. `records` are what was read of each segment, by its name.
    """

    lines: dict[str, list[InputLine]]
    covers: Mapping[str, Cover] = field(default_factory=dict)
    torn: int = 0
    records: Mapping[str, Records] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return any(self.lines.values())

    def segments_with(self, commitments: Collection[bytes]) -> set[str]:
        """Return the names of segments that may hold what commits to one of these."""
        return {
            name
            for name, records in self.records.items()
            if may_tell(records, commitments)
        }


async def new_input(logs: ThreadLogs, loaded: Loaded, beside: Beside) -> NewInput:
    """Read what the log and quarantine hold beyond the newest revision.

    Raises:
        IntegrityError: a segment is shorter than the part that was archived.

    """
    parts = []
    for segment in loaded.log.segments:
        start = coverage.covered_size(segment, loaded.marked)
        data = await logs.read(segment, start) if start < segment.size else b""
        parts.append((segment, start, data))
    quarantine = b"".join(
        [
            await logs.read(segment, 0)
            for segment in await logs.quarantine(loaded.log.thread_id)
        ]
    )
    size = sum(len(data) for _, _, data in parts) + len(quarantine)
    return await beside(size, lines_in, loaded, parts, quarantine)


def lines_in(
    loaded: Loaded, parts: list[tuple[Segment, int, bytes]], quarantine: bytes
) -> NewInput:
    known = loaded.previous.covers if loaded.previous else {}
    covers, torn = dict(known), 0
    records: dict[str, Records] = {}
    for segment, start, data in parts:
        found = read_records(data) if data else Records(records=[], torn=0)
        torn += found.torn
        records[segment.name] = found
        created_on = format_time(segment.created_on)
        before = known.get(segment.name)
        is_same = start and before and before.created_on == created_on
        covers[segment.name] = Cover(
            records=len(found.records) + (before.records if before and is_same else 0),
            created_on=created_on,
        )
    files = loaded.thread.chain.files
    logged = [record for found in records.values() for record in found.records]
    quarantined = read_quarantined(quarantine).records
    return NewInput(
        lines={
            "events": list(
                unknown(
                    recorded_lines("events", logged),
                    files["events"],
                )
            ),
            "quarantine": list(
                unknown(recorded_lines("quarantine", quarantined), files["quarantine"])
            ),
        },
        covers=covers,
        torn=torn,
        records=records,
    )
