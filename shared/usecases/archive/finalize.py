"""Finalize: one thread's log and the service's listing become one archive revision.

Order matters, and is the proof of P4, P6 and P7:
1. hold the lease;
2. note the log's segments and their lengths: what comes later is the next revision's;
3. take over everything that the newest revision holds, checked against its manifest;
4. list the service; fetch the files that messages name;
5. write the files, read them back, compare; confirm the lease; write the manifest;
6. write the ledger line, announce, then write the marker. A crash before the marker is
   made good by the next look, which does all three again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from shared import __version__, telemetry
from shared.domain import layout
from shared.domain.archive.erasure import Erasures
from shared.domain.archive.evidence import leaves, merkle_root
from shared.domain.archive.ledger import revision_line
from shared.domain.archive.manifest import (
    ArchiveFile,
    Description,
    Manifest,
    attachment_json,
    content_of,
    counts,
    decode_manifest,
    encode_manifest,
)
from shared.domain.archive.revision_inputs import Sources
from shared.domain.errors import IntegrityError, Unreachable
from shared.domain.log import coverage
from shared.domain.log.coverage import Covers, ThreadLog
from shared.domain.thread.attachments import read_attachments
from shared.domain.thread.listing import Sight
from shared.domain.thread.transcript import Transcript
from shared.formats.registry import FORMATS, RECONCILIATION, streamed
from shared.ports.announcer import Announcement, Announcer
from shared.ports.append_log import AppendLog, ThreadLogs
from shared.ports.archive_store import ArchiveStore
from shared.ports.clock import Clock
from shared.ports.leases import Lease, LeaseHeld, Leases
from shared.usecases.archive.attachments import FetchAttachments
from shared.usecases.archive.listing import ListService
from shared.usecases.evidence.revisions import read_manifest, read_sources, revisions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalized:
    """What became of a thread: its newest revision, and whether this run wrote it."""

    revision: int
    written: bool
    sight: str = ""
    outcomes: Mapping[str, int]
    people: tuple[str, ...] = ()
    """Everybody who takes or took part, where this run has looked."""


NOTHING_DONE = Finalized(revision=0, written=False, outcomes={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalize:
    """Makes archive revisions."""

    log: ThreadLogs
    ledger: AppendLog
    archive: ArchiveStore
    leases: Leases
    list_service: ListService
    announcer: Announcer
    fetch_attachments: FetchAttachments
    clock: Clock
    formats: Sequence[str]

    async def __call__(
        self, thread_id: str, *, readers: Sequence[str] = (), relist: bool = False
    ) -> Finalized:
        """Bring a thread's archive up to its log.

        `readers` are users who are known to be in it, beside those its log names. Where
        the log holds nothing new, the service is only asked with `relist`, and a
        revision is only written when it answers something new.

        Does nothing when somebody else is at it: the sweep finds what they miss.

        Raises:
            Transient: it may work next time; the archive is as it was.
            Unreachable: nothing at all is known of the thread, and nobody may read it.
            IntegrityError: log or archive contradict themselves.

        """
        try:
            async with self.leases.hold(layout.lease_path(thread_id)) as lease:
                return await self.finalize(thread_id, readers, lease, relist=relist)
        except LeaseHeld:
            return NOTHING_DONE

    async def finalize(
        self, thread_id: str, readers: Sequence[str], lease: Lease, *, relist: bool
    ) -> Finalized:
        thread = await self.log.thread(thread_id)
        revisions = await revisions_of(self.archive, thread_id)
        newest = revisions.newest
        previous = (
            await read_manifest(self.archive, thread_id, newest) if newest else None
        )
        covers = {**(previous.covers if previous else {})}
        if previous:
            if previous.revision not in thread.markers:
                await self.close(previous)
            is_covered = not coverage.uncovered(thread.segments, covers)
            if is_covered and not relist:
                return unchanged(previous)
        else:
            is_covered = False

        number = revisions.last_used + 1
        sources = await self.gather(
            thread, previous, number, erased=newest in revisions.erased
        )
        covers |= coverage.cover(thread.segments)
        listing = await self.list_service(sources, number, readers)
        sources = replace(sources, listing=sources.listing + listing).erased()
        transcript = sources.transcript()
        is_unread = transcript.view.sight is Sight.EVENTS_ONLY
        if is_unread and not sources.events and not previous:
            raise Unreachable(
                f"nothing is known of this thread: no log, and {transcript.view.reason}"
            )
        fetched = await self.fetch_attachments(transcript, number)
        sources = replace(sources, attachments=sources.attachments + fetched.lines)
        transcript = transcript.with_attachments(read_attachments(sources.attachments))
        if previous and is_covered and not has_news(transcript, previous):
            return unchanged(previous, transcript)
        manifest = await self.write(
            sources,
            transcript,
            number,
            attached=tuple(fetched.files.values()),
            covers=covers,
            previous=previous,
            lease=lease,
        )
        await self.close(manifest)
        telemetry.REVISIONS.add(1, {"sight": str(transcript.view.sight)})
        return Finalized(
            revision=number,
            written=True,
            sight=transcript.view.sight,
            outcomes=transcript.outcomes,
            people=tuple(one.id for one in transcript.participants),
        )

    async def gather(
        self,
        thread: ThreadLog,
        previous: Manifest | None,
        number: int,
        *,
        erased: bool,
    ) -> Sources:
        """Give all that is known: what the previous revision holds, then the new."""
        if previous:
            before = await read_sources(self.archive, previous, erased=erased)
        else:
            nothing = Erasures(thread_id=thread.thread_id, revision=number)
            before = Sources(thread_id=thread.thread_id, erasures=nothing)
        covers = previous.covers if previous else {}
        events = [before.events]
        for segment in thread.segments:
            start = coverage.covered_size(segment, covers)
            if start < segment.size:
                part = await self.log.read(segment, start)
                # A torn last line must not run into the next segment's first one.
                events += [part] if part.endswith(b"\n") else [part, b"\n"]
        return replace(
            before,
            events=b"".join(filter(None, events)),
            quarantine=joined(
                before.quarantine, await self.log.quarantined(thread.thread_id)
            ),
            erasures=before.erasures.inherited(number),
        )

    async def write(
        self,
        sources: Sources,
        transcript: Transcript,
        number: int,
        *,
        attached: Sequence[ArchiveFile],
        covers: Covers,
        previous: Manifest | None,
        lease: Lease,
    ) -> Manifest:
        """Write a revision, its manifest last (P4)."""
        thread_id = transcript.thread_id
        formats = [*(FORMATS[name] for name in self.formats), RECONCILIATION]
        files = chain(
            ((name, iter([data])) for name, data in sources.files.items()),
            streamed(formats, transcript),
        )
        described = [*attached]
        for name, parts in files:
            description = Description(name)
            path = layout.revision_path(thread_id, number, name)
            await self.archive.create(path, description.passing(parts))
            described.append(description.file)
        for one in described:
            path = layout.revision_path(thread_id, number, one.name)
            description = Description(one.name)
            async for part in self.archive.stream(path):
                description.see(part)
            if description.file != one:
                raise IntegrityError(f"{one.name} did not read back as it was written")
        content = content_of(
            transcript,
            revision=number,
            files=described,
            covers=covers,
            previous=(previous.revision, previous.sha256) if previous else None,
        )
        manifest = encode_manifest(
            content, archived_on=self.clock(), archiver_version=__version__
        )
        path = layout.revision_path(thread_id, number, layout.MANIFEST_FILE)
        await lease.confirm()
        await self.archive.create(path, manifest)  # P4
        return decode_manifest(manifest)

    async def close(self, manifest: Manifest) -> None:
        """Write a revision's ledger line, announce it, write its marker (P6).

        The marker covers what its manifest covers, never what came since.
        """
        await self.ledger.append(
            layout.ledger_stem(self.clock().date()), revision_line(manifest)
        )
        path = layout.revision_path(manifest.thread_id, manifest.revision, "")
        await self.announcer.announce(
            Announcement(
                thread_id=manifest.thread_id,
                revision=manifest.revision,
                path=path.rstrip("/"),
                manifest_sha256=manifest.sha256,
            )
        )
        await self.log.mark(
            manifest.thread_id, manifest.revision, manifest.covers
        )  # P6


def joined(known: bytes, now: bytes) -> bytes:
    """Give the lines that are known, then those that are new; nothing goes."""
    lines = dict.fromkeys([*known.split(b"\n"), *now.split(b"\n")])
    return b"".join(line + b"\n" for line in lines if line)


def unchanged(previous: Manifest, transcript: Transcript | None = None) -> Finalized:
    return Finalized(
        revision=previous.revision,
        written=False,
        sight=transcript.view.sight if transcript else "",
        outcomes={},
        people=tuple(one.id for one in transcript.participants) if transcript else (),
    )


def has_news(transcript: Transcript, previous: Manifest) -> bool:
    """Say whether a listing told more than the newest revision holds.

    One that shows less than an earlier one did is no news.
    """
    content = previous.content
    return (
        merkle_root(leaves(transcript)) != previous.merkle_root
        or counts(transcript) != content["counts"]
        or held_files(map(attachment_json, transcript.attachments))
        != held_files(content.get("attachments", ()))
        or (
            transcript.view.sight is Sight.FULL
            and (transcript.outcomes, Sight.FULL)
            != (content["reconciliation"], content["view"]["sight"])
        )
    )


def held_files(attachments: Iterable[Mapping[str, Any]]) -> set[str]:
    return {one["sha256"] for one in attachments} - {""}
