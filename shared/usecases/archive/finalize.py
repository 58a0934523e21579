"""Finalize: one thread's log and the service's listing become one archive revision.

Four steps under the thread's lease, each returning a value. Their order is the proof of
P4, P6 and P7:
1. load: the log's segments with their lengths now, and the thread's archive, its lines
   checked against its manifests. What comes later is the next revision's.
2. collect: the records that the archive lacks, a listing of the service (a snapshot
   where a whole pass is young enough), and the files that messages name. What an older
   order covers is erased from the start.
3. compose: the new lines, and every file that follows from all lines; each is written
   and read back.
4. publish: confirm the lease, write the manifest, then the ledger line, then announce,
   then write the marker. What a crash left undone after the manifest, the next run
   does; the ledger line is written once.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared import __version__, telemetry
from shared.domain import layout
from shared.domain.archive.chain import Chain
from shared.domain.archive.new_lines import Draw
from shared.domain.archive.whole_passes import WholePasses
from shared.domain.errors import IntegrityError
from shared.domain.evidence.manifest import Manifest
from shared.domain.evidence.paths import MANIFEST_FILE, THREAD_FILE
from shared.domain.evidence.seals import SealedFile, seal_of
from shared.domain.evidence.words import INPUT_FILES
from shared.domain.thread.grade import grade_of
from shared.domain.thread.transcript import Transcript
from shared.domain.times import format_time
from shared.formats.registry import FORMATS, RECONCILIATION, renderer_of, streamed
from shared.ports.append_log import ThreadLogs
from shared.ports.archive_store import ErasableArchive
from shared.ports.clock import Clock
from shared.ports.leases import Lease, Leases
from shared.usecases.archive.archive_readme import ArchiveReadme
from shared.usecases.archive.close import CloseRevision
from shared.usecases.archive.collect import Collect, Collected, covers_of, has_torn
from shared.usecases.archive.finalized import Finalized, unchanged
from shared.usecases.archive.load import Loaded, NewInput, load_thread, new_input
from shared.usecases.archive.news import has_news
from shared.usecases.evidence.beside import Beside, hashed
from shared.usecases.evidence.finish_orders import FinishOrders
from shared.usecases.evidence.superseded import remove_superseded
from shared.usecases.evidence.thread_key import new_key, thread_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalize:
    """Makes archive revisions."""

    log: ThreadLogs
    archive: ErasableArchive
    leases: Leases
    collect: Collect
    finish_orders: FinishOrders
    close: CloseRevision
    readme: ArchiveReadme
    clock: Clock
    draw: Draw
    formats: Sequence[str]
    keep_superseded: timedelta
    whole_pass_every: timedelta
    """For how long snapshots will do; of no length, each listing is a whole pass."""
    beside: Beside = field(default_factory=Beside)

    async def __call__(
        self,
        thread_id: str,
        *,
        readers: Sequence[str] = (),
        relist: bool = False,
        is_open: bool = False,
        again: bool = False,
    ) -> Finalized:
        """Bring a thread's archive up to its log.

        `readers` are users who are known to be in it, beside those its log names. Where
        the log holds nothing new, the service is only asked with `relist`, which is
        always a whole pass, and a revision is only written when it answers something
        new. `is_open` says that the thread goes on: a snapshot will do even where a
        whole pass is due. `again` says that a try before this one failed, maybe at
        announcing.

        Raises:
            LeaseHeld: another finalizer is at work on it, or died a minute ago.
            Transient: it may work next time; the archive is as it was.
            Unreachable: nothing at all is known of the thread, and nobody may read it.
            IntegrityError: log or archive contradict themselves.

        """
        async with self.leases.hold(layout.lease_path(thread_id)) as lease:
            return await self.under_lease(
                thread_id,
                lease,
                readers=readers,
                relist=relist,
                is_open=is_open,
                again=again,
            )

    async def under_lease(
        self,
        thread_id: str,
        lease: Lease,
        *,
        readers: Sequence[str] = (),
        relist: bool = False,
        is_open: bool = False,
        again: bool = False,
    ) -> Finalized:
        """Do it where the thread's lease is held already."""
        loaded = await load_thread(self.log, self.archive, thread_id, self.beside)
        if loaded.previous:
            await self.close.finish(loaded.previous, loaded.log, again=again)
        if loaded.thread.orders:
            thread = await self.finish_orders(loaded.thread)
            if thread is not loaded.thread:
                # What it carried out took segments and markers away.
                log = await self.log.thread(thread_id)
                loaded = replace(loaded, thread=thread, log=log)
        return await self.finalize(
            loaded, readers, lease, relist=relist, is_open=is_open
        )

    async def finalize(
        self,
        loaded: Loaded,
        readers: Sequence[str],
        lease: Lease,
        *,
        relist: bool,
        is_open: bool,
    ) -> Finalized:
        previous = loaded.previous
        # No marker covers quarantine, so that is looked at whatever the log holds.
        found = await new_input(self.log, loaded, self.beside)
        is_worth_it = previous is None or bool(found) or has_torn(loaded, found)
        if previous and not is_worth_it and not relist:
            return await self.marked(loaded, found, previous)
        passes = WholePasses.of(loaded.thread.chain.files["listing"])
        snapshot = not relist and passes.allow_snapshot(
            self.clock(), self.whole_pass_every, is_open=is_open
        )
        collected = await self.collect(loaded, found, readers, snapshot=snapshot)
        transcript, chain = collected.transcript, collected.chain
        if previous and not is_worth_it:
            before = loaded.thread.chain
            if not await self.beside(
                chain.size, has_news, collected.added, transcript, before
            ):
                return await self.marked(loaded, found, previous, transcript)
        files = await self.compose(loaded, collected)
        manifest = await self.publish(loaded, collected, files, lease)
        telemetry.REVISIONS.add(1, {"visibility": str(transcript.listing.visibility)})
        return Finalized(
            revision=manifest.revision,
            written=True,
            visibility=transcript.listing.visibility,
            outcomes=transcript.outcomes,
            people=tuple(person.id for person in transcript.participants),
        )

    async def marked(
        self,
        loaded: Loaded,
        found: NewInput,
        previous: Manifest,
        transcript: Transcript | None = None,
    ) -> Finalized:
        """Note that the newest revision holds all that was read of the log.

        What was read may have been a record that was appended twice. With a transcript,
        a whole pass has found nothing new: none is due any more.
        """
        log = loaded.log
        is_marked = previous.revision in log.markers
        is_done = bool(transcript and log.whole_pass_due)
        if is_marked and loaded.is_covered and not is_done:
            return unchanged(previous, transcript)
        due = None if transcript else self.due_on(loaded.thread.chain)
        if is_marked:
            await self.log.unmark(previous.thread_id, previous.revision)
        kept = await self.tidy(loaded.thread.paths, previous.revision)
        await self.close.mark(previous, covers_of(loaded, found), kept, due)
        return unchanged(previous, transcript)

    def due_on(self, chain: Chain) -> datetime | None:
        """Return when the thread's next whole pass is due, as its marker says."""
        return WholePasses.of(chain.files["listing"]).due_on(self.whole_pass_every)

    async def compose(
        self, loaded: Loaded, collected: Collected
    ) -> tuple[SealedFile, ...]:
        """Write a revision's files, read them back, return its rendered ones sealed.

        Raises:
            IntegrityError: a file did not read back as it was written.

        """
        chain, transcript, number = (
            collected.chain,
            collected.transcript,
            loaded.number,
        )
        digests = dict(collected.digests)
        for file in INPUT_FILES:
            if data := chain.files[file].data_of(number):
                path = loaded.thread.path(number, f"{file}.jsonl")
                await self.archive.create(path, data)
                digests[path] = hashlib.sha256(data).digest()
        sealed, salts = [], chain.salts()
        formats = [*(FORMATS[name] for name in self.formats), RECONCILIATION]
        files = streamed(formats, transcript)
        async for name, parts in self.beside.each(chain.size, files):
            path, digest = loaded.thread.path(number, name), hashlib.sha256()
            blocks = self.beside.blocks(chain.size, hashed(parts, digest))
            await self.archive.create(path, blocks)
            digests[path] = digest.digest()
            sealed.append(
                SealedFile(
                    name=name,
                    renderer=renderer_of(name),
                    seal=seal_of(name, salts, digest.digest()),
                )
            )
        for path, expected in digests.items():
            found = hashlib.sha256()
            async for part in self.archive.stream(path):
                found.update(part)
            if found.digest() != expected:
                raise IntegrityError(f"{path} did not read back as it was written")
        return tuple(sorted(sealed, key=lambda file: file.name))

    async def publish(
        self,
        loaded: Loaded,
        collected: Collected,
        files: tuple[SealedFile, ...],
        lease: Lease,
    ) -> Manifest:
        """Write the manifest, which makes the revision exist (P4), then announce it.

        Raises:
            Transient: the lease was lost, so somebody else may be at work.

        """
        thread_id, previous = loaded.thread.thread_id, loaded.previous
        grade = grade_of(collected.transcript)
        manifest = Manifest(
            thread_id=thread_id,
            thread_key=previous.thread_key if previous else await self.key(loaded),
            revision=loaded.number,
            previous_revision=previous.revision if previous else 0,
            previous=previous.digest if previous else "",
            inputs=collected.chain.roots,
            files=files,
            covers=collected.found.covers,
            grade=grade.name,
            grade_reason=grade.reason,
            written_on=format_time(self.clock()),
            archiver_version=__version__,
        )
        path = loaded.thread.path(loaded.number, MANIFEST_FILE)
        await lease.confirm()
        await self.archive.create(path, manifest.stored)  # P4
        await self.close(manifest)
        kept = await self.tidy(loaded.thread.paths, manifest.revision)
        covers = covers_of(loaded, collected.found, collected.chain)
        due = self.due_on(collected.chain)
        await self.close.mark(manifest, covers, kept, due)
        return manifest

    async def key(self, loaded: Loaded) -> str:
        """Return the key of a thread that has no revision yet."""
        await self.readme()
        thread_id = loaded.thread.thread_id
        known = layout.thread_folder(thread_id) + THREAD_FILE in loaded.thread.paths
        get = thread_key if known else new_key
        return await get(self.archive, thread_id, self.draw)

    async def tidy(self, paths: Collection[str], newest: int) -> int:
        """Remove superseded renderings; return the revision whose still stand."""
        keeps = bool(self.keep_superseded)
        return await remove_superseded(self.archive, paths, newest, keep_last=keeps)
