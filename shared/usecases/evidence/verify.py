"""Verify: an archive against itself, trusting nothing that it says.

What is checked, and in this order:
1. of every revision: its manifest's own digest; that it is the manifest of this thread
   and revision, and follows on the one before; that there is every file that it names
   and no other; size, digest and lines of each;
2. that everything is made of what it has to be: events and listing are replayed, and
   every other file, the counts, the outcomes and the Merkle root come out the same;
   that nothing is gone which the revision before had; that what was erased is gone;
3. the ledger: each line, each day's end and the chain of days; that every revision and
   every erasure has its line, and every line its revision; a saved checkpoint.
Memory grows with the largest thread, not with the archive.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.domain import layout
from shared.domain.archive.checkpoint import Checkpoint
from shared.domain.archive.erasure import Erasures
from shared.domain.archive.ledger import (
    LedgerReader,
    LineFacts,
    LineKind,
    revision_line,
    segment_key,
)
from shared.domain.archive.manifest import decode_manifest
from shared.domain.errors import IntegrityError
from shared.domain.log.commitment import sha256
from shared.domain.words import plural
from shared.ports.archive_store import ArchiveFiles, StoredFile
from shared.usecases.evidence.ledger import LedgerLine, ledger_lines
from shared.usecases.evidence.ledger_lookup import LedgerLookup, Match
from shared.usecases.evidence.revisions import NO_THREAD, folders_of
from shared.usecases.evidence.verify_revision import (
    CheckRevision,
    Failure,
    Seen,
    VerificationReport,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Checks archives.

    `on_failure` is called with each failure, `on_erased` with what was erased of a
    revision, `on_bytes` with how much was read: nothing of it is held in memory.
    """

    archive: ArchiveFiles
    on_failure: Callable[[Failure], None]
    on_bytes: Callable[[int], None]
    on_erased: Callable[[Erasures], None]

    async def __call__(
        self,
        *,
        thread_id: str = "",
        checkpoint: Checkpoint | None = None,
        may_withhold: bool = False,
    ) -> VerificationReport:
        """Check a whole archive, or of its threads only one.

        Raises:
            Transient: the archive cannot be reached, or cannot be read.

        """
        prefix = layout.thread_folder(thread_id) if thread_id else ""
        with LedgerLookup() as lookup:
            run = Verification(self, VerificationReport(), lookup, only=thread_id)
            folders = folders_of(self.archive, prefix, run.report.strangers.append)
            async for folder, files in folders:
                await run.folder(folder, files)
            if thread_id and not run.report.threads:
                run.fail(prefix, "the archive has no such thread")
            await run.ledger(checkpoint, may_withhold=may_withhold)
            return run.report


@dataclass(slots=True)
class Verification:
    """One verification under way."""

    verify: Verify
    report: VerificationReport
    lookup: LedgerLookup
    only: str = ""

    def fail(self, path: str, reason: str) -> None:
        self.report.failures += 1
        self.verify.on_failure(Failure(path=path, reason=reason))

    async def folder(self, folder: str, files: list[StoredFile]) -> None:
        for file in files:
            if not file.is_plain:
                self.fail(file.path, "this is a link or a device, and was not read")
        plain = [file for file in files if file.is_plain]
        if folder.startswith(layout.THREAD_PREFIX):
            await self.thread(folder, plain)
            return
        for file in plain:
            if segment_key(file.path) is None:
                self.fail(file.path, "no archive has such a file")

    async def thread(self, folder: str, files: list[StoredFile]) -> None:
        self.report.threads += 1
        thread_id = layout.thread_of(folder)
        if not thread_id:
            self.fail(folder, NO_THREAD)
            return
        # Not `Revisions.of`: here every file has to be accounted for, also one that
        # belongs to no revision.
        revisions: dict[int, dict[str, StoredFile]] = {}
        for file in files:
            number = layout.revision_number(file.path) or 0
            name = layout.file_name(file.path)
            if file.path != layout.revision_path(thread_id, number, name):
                self.fail(file.path, "no revision has such a file")
            else:
                revisions.setdefault(number, {})[name] = file
        before = None
        for number in sorted(revisions):
            if layout.MANIFEST_FILE not in revisions[number]:
                self.report.torn_attempts += 1
                continue
            before = await self.revision(thread_id, number, revisions[number], before)

    async def revision(
        self,
        thread_id: str,
        number: int,
        files: Mapping[str, StoredFile],
        before: Seen | None,
    ) -> Seen | None:
        """Check one revision; return it as what the next one follows on."""
        check = CheckRevision(
            archive=self.verify.archive,
            thread_id=thread_id,
            number=number,
            files=files,
            report=self.report,
            fail=self.fail,
            on_bytes=self.verify.on_bytes,
            on_erased=self.verify.on_erased,
        )
        self.report.revisions += 1
        try:
            seen = await check(before)
        except IntegrityError as error:
            self.fail(check.path(layout.MANIFEST_FILE), str(error))
            return before
        self.lookup.expect(seen.entry)
        return seen

    async def ledger(
        self, checkpoint: Checkpoint | None, *, may_withhold: bool
    ) -> None:
        reader, reached = LedgerReader(), False
        try:
            async for line in ledger_lines(self.verify.archive):
                reached |= self.at_checkpoint(reader, checkpoint)
                if line.day != reader.day:
                    reader.begin(line.day)
                await self.ledger_line(reader, line)
        except IntegrityError as error:
            self.fail(layout.LEDGER_PREFIX, str(error))
        reached |= self.at_checkpoint(reader, checkpoint)
        if reader.withheld and not may_withhold:
            self.fail(
                layout.LEDGER_PREFIX,
                f"withheld, as only a package may: {plural(reader.withheld, 'line')}",
            )
        if checkpoint and not reached:
            self.fail(
                layout.LEDGER_PREFIX,
                f"the checkpoint was made of {checkpoint.size} lines, "
                f"the ledger has {reader.head.size}: lines were removed",
            )
        for manifest in self.lookup.unmatched():
            self.fail(manifest, "the ledger has no line for this revision")
        for manifest in self.lookup.with_other_erasures():
            self.fail(manifest, "the ledger records other erasures than there are")
        self.report.withheld_lines = reader.withheld
        self.report.open_days = [str(day) for day in reader.unclosed]
        self.report.head_size = reader.head.size
        self.report.head_root = reader.head.root

    def at_checkpoint(
        self, reader: LedgerReader, checkpoint: Checkpoint | None
    ) -> bool:
        if checkpoint is None or reader.head.size != checkpoint.size:
            return False
        if reader.head.root != checkpoint.root:
            self.fail(
                layout.LEDGER_PREFIX,
                f"the first {checkpoint.size} lines are not those of the checkpoint",
            )
        return True

    async def ledger_line(self, reader: LedgerReader, line: LedgerLine) -> None:
        self.report.ledger_lines += 1
        value, problem = reader.read(line.text)
        if line.is_torn:
            problem = problem or "the last line is torn"
        if problem:
            self.fail(line.path, problem)
        if value is None:
            return
        try:
            if value["kind"] == LineKind.REVISION:
                await self.told_revision(line, value)
            elif value["kind"] == LineKind.ERASURE:
                self.lookup.match_erasure(
                    manifest_of(value),
                    int(value["orders"]),
                    str(value["erasures_sha256"]),
                )
        except (KeyError, ValueError, TypeError):
            self.fail(line.path, "a line of the ledger lacks a field")

    async def told_revision(self, line: LedgerLine, value: LineFacts) -> None:
        if self.only and value["thread_id"] != self.only:
            return
        manifest = manifest_of(value)
        match = self.lookup.match(manifest, sha256(line.text))
        if match is Match.UNKNOWN and not await self.came_since(manifest, line):
            self.fail(manifest, "the ledger names this revision, and it is not there")
        elif match is Match.DIFFERENT:
            self.fail(manifest, "the ledger names another manifest than there is")

    async def came_since(self, manifest: str, line: LedgerLine) -> bool:
        """Return whether a revision was written since its thread was looked at."""
        try:
            found = decode_manifest(await self.verify.archive.read(manifest))
        except IntegrityError:
            return False
        return revision_line(found) == line.text + b"\n"


def manifest_of(value: LineFacts) -> str:
    return layout.revision_path(
        str(value["thread_id"]), int(value["revision"]), layout.MANIFEST_FILE
    )
