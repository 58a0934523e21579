"""Verifying one revision: its manifest, its files, and that all follows from its input.

Everything that is read is untrusted: sizes are compared before anything is read, and
whatever cannot be what this product writes is a failure, never an accident.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from shared.domain import layout
from shared.domain.archive.erasure import Erasures
from shared.domain.archive.ledger import revision_line
from shared.domain.archive.manifest import (
    ArchiveFile,
    Description,
    Manifest,
    content_of,
    decode_manifest,
    describe,
)
from shared.domain.archive.revision_inputs import RevisionInputs
from shared.domain.errors import IntegrityError
from shared.domain.log.commitment import sha256
from shared.domain.thread.attachments import stored_files
from shared.formats.part import RenderedFile
from shared.formats.registry import formats_of, streamed
from shared.ports.archive_store import ArchiveFiles, StoredFile
from shared.usecases.evidence.ledger_lookup import ExpectedLines
from shared.usecases.evidence.revisions import erasures_in

MOST_MANIFEST_BYTES = 64 * 1024 * 1024
MOST_REPLAYED_BYTES = 2 * 1024**3
"""What is read into memory at once; more is reported, not tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What does not hold, and where."""

    path: str
    reason: str


@dataclass(slots=True, kw_only=True)
class VerificationReport:
    """What was looked at. Not verified unless `failures` is 0."""

    threads: int = 0
    revisions: int = 0
    incomplete: int = 0
    torn_attempts: int = 0
    files: int = 0
    bytes: int = 0
    unknown_formats: int = 0
    ledger_lines: int = 0
    withheld_lines: int = 0
    open_days: list[str] = field(default_factory=list)
    head_size: int = 0
    head_root: str = ""
    erased_versions: int = 0
    strangers: list[str] = field(default_factory=list)
    """Paths of what file managers left: looked at by nobody, and no failure."""
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A revision that was checked: what the next one, and the ledger, build on.

    `inputs` are its events, listing and quarantine, where they were as they have to be.
    """

    manifest: Manifest
    entry: ExpectedLines
    input_files: Mapping[str, ArchiveFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRevision:
    """Checks one revision; calls `fail` with path and reason of what does not hold."""

    archive: ArchiveFiles
    thread_id: str
    number: int
    files: Mapping[str, StoredFile]
    report: VerificationReport
    fail: Callable[[str, str], None]
    on_bytes: Callable[[int], None]
    on_erased: Callable[[Erasures], None]

    def path(self, name: str) -> str:
        return layout.revision_path(self.thread_id, self.number, name)

    def wrong(self, name: str, reason: str) -> None:
        self.fail(self.path(name), reason)

    async def __call__(self, before: Seen | None) -> Seen:
        """Check all of it.

        Raises:
            IntegrityError: it cannot be checked any further.

        """
        manifest = await self.manifest(before)
        erasures, entry = await self.erasures(manifest)
        failures = self.report.failures
        files = await self.all_files(manifest, erasures)
        input_files: Mapping[str, ArchiveFile] = {}
        if self.report.failures == failures:
            input_files = await self.made_of(manifest, before, erasures, files)
        self.report.incomplete += not manifest.content["complete"]
        return Seen(manifest=manifest, entry=entry, input_files=input_files)

    async def manifest(self, before: Seen | None) -> Manifest:
        if self.files[layout.MANIFEST_FILE].size > MOST_MANIFEST_BYTES:
            raise IntegrityError("the manifest is larger than any can be")
        data = await self.archive.read(self.path(layout.MANIFEST_FILE))
        self.on_bytes(len(data))
        manifest = decode_manifest(data)
        if (manifest.thread_id, manifest.revision) != (self.thread_id, self.number):
            raise IntegrityError("this is the manifest of another thread or revision")
        expected = before and (before.manifest.revision, before.manifest.sha256)
        if manifest.previous != expected:
            self.wrong(
                layout.MANIFEST_FILE, "it does not follow on the revision before it"
            )
        return manifest

    async def erasures(self, manifest: Manifest) -> tuple[Erasures, ExpectedLines]:
        """Return what was erased, and what the ledger has to say of this revision."""
        line = revision_line(manifest).rstrip(b"\n")
        entry = ExpectedLines(
            manifest=self.path(layout.MANIFEST_FILE), line_sha256=sha256(line)
        )
        name = layout.ERASURES_FILE
        if name not in self.files:
            return Erasures(thread_id=self.thread_id, revision=self.number), entry
        if self.files[name].size > MOST_MANIFEST_BYTES:
            raise IntegrityError(f"{name} is larger than any can be")
        data = await self.archive.read(self.path(name))
        erasures = erasures_in(data, manifest)
        self.report.erased_versions += len(erasures.versions)
        self.on_erased(erasures)
        if describe(name, data) not in manifest.files:
            entry = replace(
                entry, erasures=len(erasures.orders), erasures_sha256=sha256(data)
            )
        return erasures, entry

    async def all_files(
        self, manifest: Manifest, erasures: Erasures
    ) -> dict[str, ArchiveFile]:
        """Compare every file with what it has to be; return what that is."""
        expected = {
            file.name: file
            for file in erasures.current(manifest)
            if file.name != layout.ERASURES_FILE
        }
        allowed = {*expected, layout.MANIFEST_FILE, layout.ERASURES_FILE}
        for name in sorted(self.files.keys() - allowed):
            self.wrong(name, "the manifest names no such file")
        for name in (layout.EVENTS_FILE, layout.LISTING_FILE):
            if name not in expected:
                self.wrong(layout.MANIFEST_FILE, f"it names no {name}")
        original = {file.name: file for file in manifest.files}
        for name, one in expected.items():
            found = await self.describe(name, {one.bytes, original[name].bytes})
            if found is None or found == one:
                continue
            if found == original[name]:
                self.wrong(name, "its erasure is not finished: run erase again")
            else:
                self.wrong(name, "it is not what the manifest says")
        return expected

    async def describe(self, name: str, sizes: set[int]) -> ArchiveFile | None:
        """Read a file and describe it; None when it was reported as wrong already."""
        file = self.files.get(name)
        if file is None:
            self.wrong(name, "it is missing")
            return None
        if file.size not in sizes:
            self.wrong(name, f"it has {file.size} bytes, the manifest says otherwise")
            return None
        self.report.files += 1
        self.report.bytes += file.size
        description = Description(name)
        async for part in self.archive.stream(self.path(name)):
            description.add(part)
            self.on_bytes(len(part))
        return description.file

    async def made_of(
        self,
        manifest: Manifest,
        before: Seen | None,
        erasures: Erasures,
        files: Mapping[str, ArchiveFile],
    ) -> Mapping[str, ArchiveFile]:
        """Replay the input, and compare all that comes out with all that is there."""
        input_files = [name for name in layout.INPUT_FILES if name in files]
        size = sum(files[name].bytes for name in input_files)
        if size > MOST_REPLAYED_BYTES:
            self.wrong(layout.EVENTS_FILE, f"{size} bytes are too many to replay here")
            return {}
        read = {name: await self.again(name, files[name]) for name in input_files}
        inputs = RevisionInputs.of(read, erasures)
        if before:
            self.compare(before.input_files, read)
        if inputs.erased() != inputs:
            self.wrong(layout.ERASURES_FILE, "something that was erased is still there")
        transcript = inputs.transcript()
        content = content_of(
            transcript,
            revision=self.number,
            files=manifest.files,
            covers=manifest.covers,
            previous=manifest.previous,
        )
        for name in content.keys() | manifest.content.keys():
            if content.get(name) != manifest.content.get(name):
                self.wrong(
                    layout.MANIFEST_FILE,
                    f"its {name} does not follow from the events and the listing",
                )
        self.compare_attachments(files, stored_files(inputs.attachments, self.number))
        self.compare_formats(files, streamed(formats_of(files), transcript))
        return {name: files[name] for name in read}

    async def again(self, name: str, expected: ArchiveFile) -> bytes:
        data = await self.archive.read(self.path(name))
        if describe(name, data) != expected:
            raise IntegrityError(f"{name} changes while it is read")
        return data

    def compare(
        self, before: Mapping[str, ArchiveFile], read: Mapping[str, bytes]
    ) -> None:
        """Find everything of the revision before again, in its place."""
        for name, one in before.items():
            if describe(name, read.get(name, b"")[: one.bytes]) != one:
                self.wrong(name, "it lacks something that the revision before had")

    def compare_attachments(
        self, files: Mapping[str, ArchiveFile], stored: Mapping[str, bool]
    ) -> None:
        """Find each file that was fetched, empty where it was erased, and no other."""
        digests = {
            layout.attachment_name(digest): sha256(b"") if is_erased else digest
            for digest, is_erased in stored.items()
        }
        for name in digests.keys() | set(filter(layout.is_attachment, files)):
            if name not in files:
                self.wrong(name, "it was fetched, and the manifest does not name it")
            elif name not in digests:
                self.wrong(name, "no line says that it was fetched")
            elif files[name].sha256 != digests[name]:
                self.wrong(name, "it is not the file of this name")

    def compare_formats(
        self,
        files: Mapping[str, ArchiveFile],
        made: Iterable[RenderedFile],
    ) -> None:
        """Compare what a transcript is written as with what is there."""
        unseen = {name for name in files if not layout.is_attachment(name)}
        unseen -= set(layout.INPUT_FILES)
        for name, parts in made:
            unseen -= {name}
            description = Description(name)
            for part in parts:
                description.add(part)
            if name not in files:
                self.wrong(name, "it should be there as well")
            elif description.file != files[name]:
                self.wrong(name, "it does not follow from the events and the listing")
        self.report.unknown_formats += len(unseen)
