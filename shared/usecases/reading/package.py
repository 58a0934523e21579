"""A package for a third party: an archive, or part of it, that needs nothing of ours.

It carries what was asked for, the files as they are, the ledger with the lines of other
threads withheld, a checkpoint, the stand-alone verifier, and the digest of every file.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from importlib.resources import files as resources

from shared.domain import json_line, layout
from shared.domain.archive.checkpoint import Checkpoint
from shared.domain.archive.ledger import (
    LedgerReader,
    LineFacts,
    LineKind,
    withheld_line,
)
from shared.domain.archive.manifest import decode_manifest
from shared.domain.errors import IntegrityError
from shared.domain.log.commitment import sha256
from shared.domain.log.record import SCHEMA
from shared.domain.times import format_time
from shared.ports.archive_store import ArchiveFiles, ArchiveStore
from shared.ports.clock import Clock
from shared.usecases.evidence.ledger import ledger_lines
from shared.usecases.evidence.revisions import NO_THREAD, Revisions, folders_of
from shared.usecases.reading.choose import Chosen, NothingChosen

README = """\
# Archived chat threads

Requested on {requested_on} by {by}: {reason}

| file | what it is |
|---|---|
| `archive/thread=…/rev=…/` | a folder per thread and revision; see its transcript |
| `archive/ledger/` | one line for each revision; lines of other threads are withheld |
| `checkpoint.txt` | the head of the ledger when this package was made |
| `request.json` | what was asked for, by whom, why, and what was given |
| `verify.py` | checks all of it; Python 3.9 or newer, nothing else |
| `SHA256SUMS` | the digest of every file of this package |

Check it, offline:

    sha256sum -c SHA256SUMS
    python verify.py
    python verify.py . CHECKPOINT

The last line compares with a checkpoint that you were given through another channel.
Without one, you see that the package agrees with itself, not that it was never rebuilt.
"""


@dataclass(slots=True, kw_only=True)
class Packed:
    """What went into a package."""

    threads: int = 0
    revisions: int = 0
    files: int = 0
    bytes: int = 0
    manifests: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    """A sentence for each thing that is wrong in the archive, packed or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Makes packages: reads `archive`, writes into the empty folder `target`."""

    archive: ArchiveFiles
    target: ArchiveStore
    clock: Clock
    on_bytes: Callable[[int], None]

    async def __call__(
        self, chosen: Chosen, *, by: str, reason: str, origin: str
    ) -> Packed:
        """Pack the threads that were chosen.

        Raises:
            NothingChosen: the archive has no finished revision of any thread.
            IntegrityError: the ledger cannot be read.
            AlreadyExists: the target is not empty.

        """
        sums: list[str] = []
        packed, threads = Packed(), chosen.threads
        for prefix in map(layout.thread_folder, threads) if threads else [""]:
            await self.copy(prefix or layout.THREAD_PREFIX, packed, sums)
        if not packed.threads:
            raise NothingChosen("the archive has no thread to pack")
        checkpoint = await self.ledger(threads, packed, origin, sums)
        request = {
            "schema": SCHEMA,
            "requested_on": format_time(self.clock()),
            "by": by,
            "reason": reason,
            "source": origin,
            "filters": chosen.filters,
            "threads": sorted(threads) or "all",
            "unreadable_threads": len(chosen.failures),
            "packed": {
                "threads": packed.threads,
                "revisions": packed.revisions,
                "files": packed.files,
                "bytes": packed.bytes,
            },
        }
        readme = README.format(**request)
        verifier = resources("shared.verifier").joinpath("verify.py").read_bytes()
        for path, data in (
            ("request.json", json_line.encode(json_line.pretty(request))),
            ("README.md", readme.encode()),
            ("checkpoint.txt", checkpoint.body.encode()),
            ("verify.py", verifier),
        ):
            await self.put(path, data, sums)
        await self.target.create("SHA256SUMS", "".join(sorted(sums)).encode())
        return packed

    async def copy(self, prefix: str, packed: Packed, sums: list[str]) -> None:
        """Copy the files of finished revisions; torn attempts stay behind."""
        async for folder, files in folders_of(self.archive, prefix):
            thread_id = layout.thread_of(folder)
            if not thread_id:
                packed.failures.append(f"{folder}: {NO_THREAD}")
                continue
            paths = [file.path for file in files]
            finished = Revisions.of(paths).finished
            packed.threads += bool(finished)
            for number in finished:
                packed.revisions += 1
                packed.manifests.add(
                    layout.revision_path(thread_id, number, layout.MANIFEST_FILE)
                )
                for path in paths:
                    if layout.revision_number(path) == number:
                        await self.copy_file(path, packed, sums)

    async def copy_file(self, path: str, packed: Packed, sums: list[str]) -> None:
        data = await self.archive.read(path)
        if layout.file_name(path) == layout.MANIFEST_FILE:
            try:
                decode_manifest(data)
            except IntegrityError as error:
                packed.failures.append(f"{path}: {error}")
        await self.put(f"archive/{path}", data, sums)
        packed.files += 1
        packed.bytes += len(data)
        self.on_bytes(len(data))

    async def ledger(
        self, threads: Collection[str], packed: Packed, origin: str, sums: list[str]
    ) -> Checkpoint:
        """Copy the ledger, and return its head."""
        segments: dict[str, list[bytes]] = {}
        reader = LedgerReader()
        async for line in ledger_lines(self.archive):
            if line.day != reader.day:
                reader.begin(line.day)
            value, problem = reader.read(line.text)
            if problem or line.is_torn:
                packed.failures.append(f"{line.path}: {problem or 'a line is torn'}")
            # Of a line that nobody can read nobody knows whom it is about.
            is_hidden = value is None and not problem
            is_known = value is not None and is_shown(value, threads, packed)
            text = line.text + b"\n"
            if not is_hidden and not is_known:
                text = withheld_line(line.text)
            segments.setdefault(line.path, []).append(text)
        for path, lines in segments.items():
            await self.put(f"archive/{path}", b"".join(lines), sums)
        return Checkpoint(origin=origin, size=reader.head.size, root=reader.head.root)

    async def put(self, path: str, data: bytes, sums: list[str]) -> None:
        await self.target.create(path, data)
        sums.append(f"{sha256(data)}  {path}\n")


def is_shown(value: LineFacts, threads: Collection[str], packed: Packed) -> bool:
    """Return whether a line of the ledger is about what is in the package."""
    if value["kind"] == LineKind.CLOSED:
        return True
    if "revision" in value:
        path = layout.revision_path(
            value["thread_id"], value["revision"], layout.MANIFEST_FILE
        )
        return path in packed.manifests
    return not threads or value.get("thread_id") in threads
