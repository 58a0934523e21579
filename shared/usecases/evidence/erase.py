"""Erase: content, salt and names of chosen messages, from every revision and the log.

Order matters, so that a crash leaves what a second run finishes:
1. ask for holds, for the storage's own policies, and for records not archived yet;
2. per revision: write `erasures.json`, which holds the commitments of what goes and
   the digests of what stays; then the ledger's line; only then replace the files;
3. remove attempts without a manifest, then the log's segments, all of which the
   archive now holds without the content.
The manifests stay as they were: their Merkle roots still verify, and that is checked
before anything is written.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from shared.domain import layout
from shared.domain.archive.erasure import (
    Erasures,
    Order,
    chosen_by,
    encode_erasures,
    erasure_line,
)
from shared.domain.archive.manifest import Manifest, describe
from shared.domain.archive.revision_inputs import RevisionInputs
from shared.domain.errors import ArchiverError, IntegrityError
from shared.domain.log import coverage
from shared.domain.log.commitment import sha256
from shared.domain.times import format_time
from shared.ports.append_log import AppendLog, ThreadLogs
from shared.ports.archive_store import ErasableArchive
from shared.ports.clock import Clock
from shared.ports.leases import LeaseHeld, Leases
from shared.usecases.evidence.erase_plan import Choice, ErasurePlan, has_name, held
from shared.usecases.evidence.holds import Hold, Holds
from shared.usecases.evidence.ledger import open_day
from shared.usecases.evidence.revisions import (
    Revisions,
    read_erasures,
    read_inputs,
    read_manifest,
    revisions_of,
    threads_of,
)
from shared.usecases.evidence.rewrite import rewritten


class Refused(ArchiverError):
    """Something may not be erased, or not yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase:
    """Plans erasures, and carries them out."""

    archive: ErasableArchive
    ledger: AppendLog
    log: ThreadLogs | None
    leases: Leases
    clock: Clock

    async def plan(
        self, choice: Choice, on_failure: Callable[[str], None]
    ) -> AsyncIterator[ErasurePlan]:
        """Yield, thread by thread, what would be erased. Nothing is changed.

        `on_failure` takes a sentence for each thread that cannot be read: nobody knows
        what would be erased there.

        Raises:
            Transient: archive or log cannot be reached.
            Refused: a line of the ledger cannot be read, and may be a hold.

        """
        active = await Holds(
            archive=self.archive, ledger=self.ledger, clock=self.clock
        ).active()
        if active.unreadable:
            raise Refused(f"{active.unreadable[0]} cannot be read: it may be a hold")
        holds = list(active.holds.values())
        async for thread_id in threads_of(self.archive, on_failure, choice.threads):
            try:
                plan = await self.plan_thread(thread_id, choice, holds)
            except IntegrityError as error:
                on_failure(f"{thread_id}: {error}")
                continue
            if plan.messages or plan.names:
                yield plan

    async def plan_thread(
        self, thread_id: str, choice: Choice, holds: Sequence[Hold]
    ) -> ErasurePlan:
        revisions = await revisions_of(self.archive, thread_id)
        newest = revisions.newest
        if not newest:
            return ErasurePlan(
                thread_id=thread_id,
                revisions=(),
                messages=(),
                versions=0,
                names=False,
            )
        manifest = await read_manifest(self.archive, thread_id, newest)
        inputs = await self.inputs(manifest, erased=newest in revisions.erased)
        transcript = inputs.transcript()
        messages = chosen_by(
            transcript, participant=choice.participant, messages=choice.messages
        )
        if choice.participant in inputs.erasures.people:
            # A run that died: what it had chosen is to be finished.
            messages |= inputs.erasures.messages
        versions = sum(
            version.content is not None
            for message in transcript.messages
            if message.id in messages
            for version in message.versions
        )
        return ErasurePlan(
            thread_id=thread_id,
            revisions=revisions.finished,
            messages=tuple(sorted(messages)),
            versions=versions,
            names=has_name(transcript, choice.participant),
            refused=held(holds, transcript, messages, choice.participant)
            or await self.unarchived(thread_id, manifest),
        )

    async def unarchived(self, thread_id: str, manifest: Manifest) -> str:
        if self.log is None:
            return ""
        thread = await self.log.thread(thread_id)
        if not coverage.uncovered(thread.segments, manifest.covers):
            return ""
        return (
            "its log holds records that no archive has yet; "
            "let the sweep finalize it, then run this again"
        )

    async def __call__(
        self, plan: ErasurePlan, choice: Choice, *, by: str, reason: str
    ) -> int:
        """Carry out what was planned for one thread; return how many files changed.

        Running it again finishes what was begun and does nothing twice.

        Raises:
            Refused: a hold, or a finalizer is at work on the thread.
            Immutable: the storage does not allow it.
            Transient, IntegrityError: it stopped; run it again, or look first.

        """
        if plan.refused:
            raise Refused(plan.refused)
        order = Order(
            erased_on=format_time(self.clock()),
            by=by,
            reason=reason,
            participant=choice.participant,
            messages=plan.messages,
        )
        await self.archive.check_erasable()
        try:
            async with self.leases.hold(layout.lease_path(plan.thread_id)):
                changed = 0
                for revision in plan.revisions:
                    manifest = await read_manifest(
                        self.archive, plan.thread_id, revision
                    )
                    changed += await self.erase(manifest, order)
                changed += await self.remove_torn_attempts(plan.thread_id)
                if self.log is not None:
                    await self.clear_log(self.log, plan.thread_id)
                return changed
        except LeaseHeld:
            raise Refused("it is being finalized now; run this again") from None

    async def erase(self, manifest: Manifest, order: Order) -> int:
        erasures = await self.erasures(manifest)
        is_new = not (
            erasures.messages >= set(order.messages)
            and erasures.people | {""} >= {order.participant}
        )
        if is_new:
            await self.carry_out(manifest, erasures)  # whatever was left unfinished
            inputs = await read_inputs(
                self.archive, manifest, erased=bool(erasures.orders)
            )
            ordered = erasures.ordered(order, inputs.transcript())
            inputs = replace(inputs, erasures=ordered).erased()
            files = rewritten(inputs, manifest)
            erasures = replace(
                inputs.erasures,
                files=tuple(describe(name, data) for name, data in files.items()),
            )
            await self.archive.replace(
                layout.revision_path(
                    manifest.thread_id, manifest.revision, layout.ERASURES_FILE
                ),
                encode_erasures(erasures),
            )
        return await self.carry_out(manifest, erasures)

    async def carry_out(self, manifest: Manifest, erasures: Erasures) -> int:
        """Bring the files to what `erasures.json` says; return how many changed."""
        if not erasures.files:
            return 0
        files = await self.read_files(manifest, erasures)
        wrong = [
            file
            for file in erasures.files
            if describe(file.name, files[file.name]) != file
        ]
        if not wrong:
            return 0
        line = erasure_line(erasures, sha256(encode_erasures(erasures)))
        day = await open_day(self.archive, self.clock().date())
        await self.ledger.append(layout.ledger_stem(day), line)
        inputs = RevisionInputs.of(files, erasures).erased()
        finished = rewritten(inputs, manifest)
        for file in wrong:
            if describe(file.name, finished[file.name]) != file:
                raise IntegrityError(
                    f"{file.name} cannot be brought to what erasures.json says"
                )
        for file in wrong:
            await self.archive.replace(
                self.path(manifest, file.name), finished[file.name]
            )
        return len(wrong)

    async def remove_torn_attempts(self, thread_id: str) -> int:
        """Remove attempts without a manifest; the lease keeps the next one away.

        All that they hold came from the log or the service, and is in a revision by
        now, or will be in the next one.
        """
        folder = layout.thread_folder(thread_id)
        paths = [file.path async for file in self.archive.walk(folder)]
        finished = Revisions.of(paths).finished
        torn = [
            path
            for path in paths
            if (number := layout.revision_number(path)) and number not in finished
        ]
        for path in torn:
            await self.archive.remove(path)
        return len(torn)

    async def clear_log(self, log: ThreadLogs, thread_id: str) -> None:
        """Remove the log's copies; the archive holds them, and was read back (P7)."""
        revisions = await revisions_of(self.archive, thread_id)
        newest = revisions.newest
        manifest = await read_manifest(self.archive, thread_id, newest)
        await read_inputs(self.archive, manifest, erased=newest in revisions.erased)
        thread = await log.thread(thread_id)
        for segment in thread.segments:
            is_covered = not coverage.uncovered([segment], manifest.covers)
            if not is_covered or not await log.prune(segment):  # P7
                raise Refused(
                    "its log has new records; let the sweep finalize it, then run "
                    "this again"
                )
        await log.clear_quarantine(thread_id)
        for revision in thread.markers:
            await log.unmark(thread_id, revision)

    async def erasures(self, manifest: Manifest) -> Erasures:
        path = self.path(manifest, layout.ERASURES_FILE)
        async for _ in self.archive.walk(path):
            return await read_erasures(self.archive, manifest)
        return Erasures(thread_id=manifest.thread_id, revision=manifest.revision)

    async def inputs(self, manifest: Manifest, *, erased: bool) -> RevisionInputs:
        """Read the input, also where an erasure was left unfinished."""
        try:
            return await read_inputs(self.archive, manifest, erased=erased)
        except IntegrityError:
            erasures = await self.erasures(manifest)
            if not erasures.files:
                raise
            files = await self.read_files(manifest, erasures)
            return RevisionInputs.of(files, erasures).erased()

    async def read_files(
        self, manifest: Manifest, erasures: Erasures
    ) -> dict[str, bytes]:
        """Read what an erasure has changed, or has still to change."""
        return {
            file.name: await self.archive.read(self.path(manifest, file.name))
            for file in erasures.files
        }

    def path(self, manifest: Manifest, name: str) -> str:
        return layout.revision_path(manifest.thread_id, manifest.revision, name)
