"""Carry out: bring a thread's archive and log to what its recorded orders say.

Everything follows from `erasures.json`, so a run that died is finished by the next one.
In this order: attachments, attempts without a manifest, quarantine and log, markers,
lines, superseded renderings, and the newest revision's rendered anew. What can be read
most easily goes first, and what is left at any moment is still named by the orders.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shared.domain import layout
from shared.domain.archive.chain import Chain
from shared.domain.archive.read_chain import transcript_of
from shared.domain.evidence.manifest import Manifest
from shared.domain.evidence.orders import Order, named_lines
from shared.domain.evidence.paths import ATTACHMENTS
from shared.domain.evidence.seals import SealedFile, seal_of, sha256_of
from shared.domain.evidence.words import INPUT_FILES
from shared.domain.log.coverage import Segment
from shared.domain.log.record import read_quarantined, read_records
from shared.formats.registry import formats_of, renderer_of, written
from shared.ports.append_log import ThreadLogs
from shared.ports.archive_store import ErasableArchive
from shared.usecases.evidence.held import erased_in, holds_all, may_tell
from shared.usecases.evidence.markers import forget_covers
from shared.usecases.evidence.superseded import rendered_name
from shared.usecases.evidence.thread_archive import ThreadArchive


@dataclass(slots=True, kw_only=True)
class CarriedOut:
    """What was done. `left` holds a sentence for each thing that a later run does."""

    changed: int = 0
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryOut:
    """Does all that the orders of a thread say; what is done already stays as it is."""

    archive: ErasableArchive
    log: ThreadLogs | None

    async def __call__(self, thread: ThreadArchive) -> CarriedOut:
        """Carry out the orders of a thread, each of which the ledger records.

        Raises:
            Immutable: the storage does not allow it.
            Transient: it stopped; the next run goes on.

        """
        done = CarriedOut()
        if not thread.orders:
            return done
        left = thread.chain.without(named_by(thread.orders))
        for path in [*gone_attachments(thread, left), *torn_attempts(thread)]:
            await self.archive.remove(path)
            done.changed += 1
        if self.log is not None:
            await self.clear_log(self.log, thread, left, done)
        for path, data in changed_lines(thread, left):
            await self.archive.replace(path, data)
            done.changed += 1
        await self.renderings(thread, left, done)
        return done

    async def clear_log(
        self, log: ThreadLogs, thread: ThreadArchive, left: Chain, done: CarriedOut
    ) -> None:
        """Remove segments that hold an erased record, once the archive has them whole.

        A segment that changes meanwhile, or that holds more than the archive, stays for
        the sweep, which removes it after its day.
        """
        known = await log.thread(thread.thread_id)
        quarantine = await log.quarantine(thread.thread_id)
        telling: list[tuple[Segment, bool]] = []
        for segments, file, read in (
            (quarantine, "quarantine", read_quarantined),
            (known.segments, "events", read_records),
        ):
            gone = erased_in(left.files[file])
            for segment in segments:
                found = read(await log.read(segment, 0))
                if may_tell(found, gone):
                    is_held = holds_all(left.files[file], found.records)
                    telling.append((segment, is_held))
        # Markers go first: once the segments are gone, nobody could tell that a marker
        # says how long an erased record was.
        names = {segment.name for segment in known.segments}
        is_marked = any(not covers.keys() <= names for covers in known.markers.values())
        if telling or is_marked:
            await forget_covers(log, known)
        for segment, is_held in telling:
            if is_held and await log.prune(segment):  # P7
                done.changed += 1
            else:
                done.left.append(
                    f"{segment.path} holds more than the archive; the sweep "
                    "removes it after its day"
                )

    async def renderings(
        self, thread: ThreadArchive, left: Chain, done: CarriedOut
    ) -> None:
        """Remove rendered files that tell what was erased; render the newest anew."""
        order = vouching(thread)
        wanted = {file.name: file for file in order.files} if order else {}
        stale = await stale_renderings(self.archive, thread, left)
        for path in stale:
            await self.archive.remove(path)
            done.changed += 1
        there = {path for path in thread.paths if path not in stale}
        newest = thread.revisions.newest
        lacking = [name for name in wanted if thread.path(newest, name) not in there]
        if not lacking:
            return
        for name, data in written(formats_of(wanted), transcript_of(left)):
            if name in lacking:
                await self.archive.replace(thread.path(newest, name), data)
                done.changed += 1


async def stale_renderings(
    archive: ErasableArchive, thread: ThreadArchive, left: Chain
) -> list[str]:
    """Return the rendered files that may tell what was erased."""
    stale, newest = [], thread.revisions.newest
    for path in sorted(thread.paths):
        revision = layout.revision_number(path) or 0
        name = rendered_name(path, revision)
        manifest = thread.manifests.get(revision)
        order = last_touching(thread.orders, manifest) if name and manifest else None
        if order is None:
            continue  # what was written after an erasure tells only what it had left
        wanted = {file.name: file.seal for file in order.files}
        if order.revision == revision and name in wanted:
            # An older one was rendered anew before a newer one was written.
            if revision < newest:
                continue
            digest = sha256_of(await archive.read(path))
            if seal_of(name, left.salts(), digest) == wanted[name]:
                continue
        stale.append(path)
    return stale


def vouching(thread: ThreadArchive) -> Order | None:
    """Return the order that vouches for the newest revision's rendered files."""
    newest = thread.newest
    return last_touching(thread.orders, newest) if newest else None


def named_by(orders: Sequence[Order]) -> dict[str, list[range]]:
    """Return the lines that orders name, by file."""
    ranges: dict[str, list[range]] = {}
    for order in orders:
        for file, spans in named_lines(order).items():
            ranges.setdefault(file, []).extend(spans)
    return ranges


def gone_attachments(thread: ThreadArchive, left: Chain) -> Iterator[str]:
    """Yield the paths of files whose line is erased."""
    attempts = left.files["attachments"]
    for index, line in enumerate(attempts):
        if line.is_erased and "stored" in line.facts:
            name = f"{ATTACHMENTS}{line.facts['stored']}"
            path = thread.path(attempts.revision_of(index), name)
            if path in thread.paths:
                yield path


def torn_attempts(thread: ThreadArchive) -> list[str]:
    """Return the files of attempts without a manifest; the lease keeps others away.

    All that they hold came from the log or the service, and is in a revision by now, or
    will be in the next one. What stands under revision 0, which no archive has, goes
    with them: it may tell what is erased.
    """
    finished = {None, *thread.revisions.finished}
    return [
        path
        for path in sorted(thread.paths)
        if layout.revision_number(path) not in finished
    ]


def changed_lines(thread: ThreadArchive, left: Chain) -> Iterator[tuple[str, bytes]]:
    """Yield each file of input that lines are to be erased from, with what stays."""
    for revision in thread.chain.revisions:
        for file in INPUT_FILES:
            data = left.files[file].data_of(revision)
            if data != thread.chain.files[file].data_of(revision):
                yield thread.path(revision, f"{file}.jsonl"), data


def last_touching(orders: Sequence[Order], manifest: Manifest) -> Order | None:
    """Return the last order, of a revision or later, that names one of its lines."""
    lines = {entry.file: entry.lines for entry in manifest.inputs}
    touching = [
        order
        for order in orders
        if order.revision >= manifest.revision
        and any(
            span.start < lines.get(file, 0)
            for file, spans in named_lines(order).items()
            for span in spans
        )
    ]
    return touching[-1] if touching else None


def sealed_anew(left: Chain, names: Sequence[str]) -> tuple[SealedFile, ...]:
    """Return the files of these formats as the rest of an input gives them, sealed."""
    salts = left.salts()
    files = [
        (name, seal_of(name, salts, sha256_of(data)))
        for name, data in written(formats_of(names), transcript_of(left))
    ]
    return tuple(
        SealedFile(name=name, renderer=renderer_of(name), seal=seal)
        for name, seal in sorted(files)
    )
