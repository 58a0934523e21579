"""What is known of a thread before the service is asked: its log and its revisions."""

from dataclasses import dataclass, replace

from shared.domain.archive.erasure import Erasures
from shared.domain.archive.manifest import Manifest
from shared.domain.archive.revision_inputs import RevisionInputs
from shared.domain.log import coverage
from shared.domain.log.coverage import Covers, ThreadLog
from shared.ports.append_log import ThreadLogs
from shared.ports.archive_store import ArchiveStore
from shared.usecases.evidence.revisions import (
    Revisions,
    read_inputs,
    read_manifest,
    revisions_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Where a thread stands before anything is done: its log and its revisions."""

    log: ThreadLog
    revisions: Revisions
    previous: Manifest | None

    @property
    def number(self) -> int:
        """The number of the revision to be written."""
        return self.revisions.last_used + 1

    @property
    def is_covered(self) -> bool:
        """Whether the newest revision holds all that the log holds."""
        return self.previous is not None and not coverage.uncovered(
            self.log.segments, self.previous.covers
        )

    @property
    def covers(self) -> Covers:
        """What the revision to be written will cover."""
        known = self.previous.covers if self.previous else {}
        return {**known, **coverage.cover(self.log.segments)}


async def load_thread(
    logs: ThreadLogs, archive: ArchiveStore, thread_id: str
) -> Loaded:
    """Return the log's segments as they are now, and the newest revision."""
    log = await logs.thread(thread_id)
    revisions = await revisions_of(archive, thread_id)
    newest = revisions.newest
    return Loaded(
        log=log,
        revisions=revisions,
        previous=await read_manifest(archive, thread_id, newest) if newest else None,
    )


async def logged_inputs(
    logs: ThreadLogs, archive: ArchiveStore, loaded: Loaded
) -> RevisionInputs:
    """Return what the newest revision holds, and after it what came since."""
    thread_id, previous = loaded.log.thread_id, loaded.previous
    if previous:
        is_erased = previous.revision in loaded.revisions.erased
        before = await read_inputs(archive, previous, erased=is_erased)
    else:
        nothing = Erasures(thread_id=thread_id, revision=loaded.number)
        before = RevisionInputs(thread_id=thread_id, erasures=nothing)
    covers = previous.covers if previous else {}
    events = [before.events]
    for segment in loaded.log.segments:
        start = coverage.covered_size(segment, covers)
        if start < segment.size:
            part = await logs.read(segment, start)
            # A torn last line must not run into the next segment's first one.
            events += [part] if part.endswith(b"\n") else [part, b"\n"]
    return replace(
        before,
        events=b"".join(filter(None, events)),
        quarantine=joined(before.quarantine, await logs.quarantined(thread_id)),
        erasures=before.erasures.inherited(loaded.number),
    )


def joined(known: bytes, now: bytes) -> bytes:
    """Return the lines that are known, then those that are new; nothing goes."""
    lines = dict.fromkeys([*known.split(b"\n"), *now.split(b"\n")])
    return b"".join(line + b"\n" for line in lines if line)
