"""Finalize: one thread's log and the service's listing become one archive revision.

Four steps under the thread's lease, each returning a value. Their order is the proof of
P4, P6 and P7:
1. load: the log's segments with their lengths now, and the newest revision. What
   comes later is the next revision's.
2. collect: all that this revision knew, checked against its manifest, then the log's
   new records, a listing of the service, and the files that messages name.
3. compose: every other file follows from that; each is written and read back.
4. publish: confirm the lease, write the manifest, then the ledger line, then announce,
   then write the marker. What a crash left undone after the manifest, the next run
   does; the ledger line is written once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Any

from shared import __version__, telemetry
from shared.domain import layout
from shared.domain.archive.manifest import (
    ArchiveFile,
    Description,
    Manifest,
    content_of,
    decode_manifest,
    encode_manifest,
)
from shared.domain.archive.revision_inputs import RevisionInputs
from shared.domain.errors import IntegrityError, Unreachable
from shared.domain.log.record import read_records
from shared.domain.thread.attachments import read_attachments
from shared.domain.thread.listing import Visibility
from shared.domain.thread.transcript import Transcript
from shared.formats.registry import FORMATS, RECONCILIATION, streamed
from shared.ports.append_log import ThreadLogs
from shared.ports.archive_store import ArchiveStore
from shared.ports.clock import Clock
from shared.ports.leases import Lease, Leases
from shared.usecases.archive.attachments import FetchAttachments
from shared.usecases.archive.beside import Beside
from shared.usecases.archive.close import CloseRevision
from shared.usecases.archive.listing import ListService
from shared.usecases.archive.load import Loaded, load_thread, logged_inputs
from shared.usecases.archive.news import has_news


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalized:
    """What became of a thread: its newest revision, and whether this run wrote it."""

    revision: int
    written: bool
    visibility: str = ""
    outcomes: Mapping[str, int]
    people: tuple[str, ...] = ()
    """Everybody who takes or took part, where this run has looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """The input of a revision, what it says, and the files that were fetched for it."""

    inputs: RevisionInputs
    transcript: Transcript
    attached: tuple[ArchiveFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalize:
    """Makes archive revisions."""

    log: ThreadLogs
    archive: ArchiveStore
    leases: Leases
    list_service: ListService
    fetch_attachments: FetchAttachments
    close: CloseRevision
    clock: Clock
    formats: Sequence[str]
    beside: Beside = field(default_factory=Beside)

    async def __call__(
        self,
        thread_id: str,
        *,
        readers: Sequence[str] = (),
        relist: bool = False,
        again: bool = False,
    ) -> Finalized:
        """Bring a thread's archive up to its log.

        `readers` are users who are known to be in it, beside those its log names. Where
        the log holds nothing new, the service is only asked with `relist`, and a
        revision is only written when it answers something new. `again` says that a try
        before this one failed, maybe at announcing.

        Raises:
            LeaseHeld: another finalizer is at work on it, or died a minute ago.
            Transient: it may work next time; the archive is as it was.
            Unreachable: nothing at all is known of the thread, and nobody may read it.
            IntegrityError: log or archive contradict themselves.

        """
        async with self.leases.hold(layout.lease_path(thread_id)) as lease:
            loaded = await load_thread(self.log, self.archive, thread_id)
            if loaded.previous:
                await self.close.finish(loaded.previous, loaded.log, again=again)
            return await self.finalize(loaded, readers, lease, relist=relist)

    async def finalize(
        self, loaded: Loaded, readers: Sequence[str], lease: Lease, *, relist: bool
    ) -> Finalized:
        previous = loaded.previous
        if previous and loaded.is_covered and not relist:
            return unchanged(previous)
        collected = await self.collect(loaded, readers)
        transcript = collected.transcript
        if previous and loaded.is_covered:
            size = collected.inputs.size
            if not await self.beside(size, has_news, transcript, previous):
                return unchanged(previous, transcript)
        content = await self.compose(loaded, collected)
        manifest = await self.publish(content, lease)
        telemetry.REVISIONS.add(1, {"visibility": str(transcript.listing.visibility)})
        return Finalized(
            revision=manifest.revision,
            written=True,
            visibility=transcript.listing.visibility,
            outcomes=transcript.outcomes,
            people=tuple(person.id for person in transcript.participants),
        )

    async def collect(self, loaded: Loaded, readers: Sequence[str]) -> Collected:
        """Return all that is known of a thread, old and new, and what it says.

        Raises:
            Unreachable: nothing at all is known of it, and nobody may read it.

        """
        number = loaded.number
        inputs = await logged_inputs(self.log, self.archive, loaded)
        records = await self.beside(inputs.size, read_records, inputs.events)
        listing = await self.list_service(inputs, records, number, readers)
        listed = replace(inputs, listing=inputs.listing + listing)
        inputs = await self.beside(listed.size, listed.erased)
        # An erasure leaves other lines than those that were read.
        log = records if inputs is listed else None
        transcript = await self.beside(inputs.size, inputs.transcript, log)
        view = transcript.listing
        is_unread = view.visibility is Visibility.EVENTS_ONLY
        if is_unread and not inputs.events and not loaded.previous:
            raise Unreachable(
                f"nothing is known of this thread: no log, and {view.reason}"
            )
        fetched = await self.fetch_attachments(transcript, number)
        attachments = inputs.attachments + b"".join(fetched.lines)
        return Collected(
            inputs=replace(inputs, attachments=attachments),
            transcript=transcript.with_attachments(read_attachments(attachments)),
            attached=tuple(fetched.files.values()),
        )

    async def compose(self, loaded: Loaded, collected: Collected) -> dict[str, Any]:
        """Write a revision's files, read them back, return what its manifest says.

        Raises:
            IntegrityError: a file did not read back as it was written.

        """
        transcript, number = collected.transcript, loaded.number
        size = collected.inputs.size
        formats = [*(FORMATS[name] for name in self.formats), RECONCILIATION]
        files = chain(
            ((name, iter([data])) for name, data in collected.inputs.files.items()),
            streamed(formats, transcript),
        )
        described = [*collected.attached]
        async for name, parts in self.beside.each(size, files):
            description = Description(name)
            path = layout.revision_path(transcript.thread_id, number, name)
            blocks = self.beside.blocks(size, description.passing(parts))
            await self.archive.create(path, blocks)
            described.append(description.file)
        for file in described:
            path = layout.revision_path(transcript.thread_id, number, file.name)
            description = Description(file.name)
            async for part in self.archive.stream(path):
                description.add(part)
            if description.file != file:
                raise IntegrityError(f"{file.name} did not read back as it was written")
        previous = loaded.previous
        return await self.beside(
            size,
            partial(
                content_of,
                transcript,
                revision=number,
                files=described,
                covers=loaded.covers,
                previous=(previous.revision, previous.sha256) if previous else None,
            ),
        )

    async def publish(self, content: Mapping[str, Any], lease: Lease) -> Manifest:
        """Write the manifest, which makes the revision exist (P4), then announce it.

        Raises:
            Transient: the lease was lost, so somebody else may be at work.

        """
        manifest = encode_manifest(
            content, archived_on=self.clock(), archiver_version=__version__
        )
        path = layout.revision_path(
            content["thread_id"], content["revision"], layout.MANIFEST_FILE
        )
        await lease.confirm()
        await self.archive.create(path, manifest)  # P4
        published = decode_manifest(manifest)
        await self.close(published)
        return published


def unchanged(previous: Manifest, transcript: Transcript | None = None) -> Finalized:
    return Finalized(
        revision=previous.revision,
        written=False,
        visibility=transcript.listing.visibility if transcript else "",
        outcomes={},
        people=tuple(person.id for person in transcript.participants)
        if transcript
        else (),
    )
