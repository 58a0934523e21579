"""Which revisions a thread has, and their input, checked against its manifest."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.domain import layout
from shared.domain.archive.erasure import Erasures, decode_erasures
from shared.domain.archive.manifest import (
    Manifest,
    decode_manifest,
    describe,
    file_named,
)
from shared.domain.archive.revision_inputs import RevisionInputs
from shared.domain.errors import IntegrityError
from shared.ports.archive_store import ArchiveFiles, StoredFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisions:
    """The revisions of one thread.

    `finished` are those that have a manifest (P4), oldest first; `erased` those of
    which something was erased. `last_used` is the highest number in use, a torn
    attempt's included; 0 for none.
    """

    finished: tuple[int, ...]
    erased: frozenset[int]
    last_used: int

    @classmethod
    def of(cls, paths: Iterable[str]) -> "Revisions":
        """Return the revisions that these files of one thread make."""
        names: dict[int, set[str]] = {}
        for path in paths:
            number = layout.revision_number(path)
            if number:
                names.setdefault(number, set()).add(layout.file_name(path))
        return cls(
            finished=tuple(
                sorted(n for n in names if layout.MANIFEST_FILE in names[n])
            ),
            erased=frozenset(n for n in names if layout.ERASURES_FILE in names[n]),
            last_used=max(names, default=0),
        )

    @property
    def newest(self) -> int:
        """The newest finished revision; 0 for none."""
        return self.finished[-1] if self.finished else 0


async def revisions_of(archive: ArchiveFiles, thread_id: str) -> Revisions:
    """Return which revisions a thread has.

    Raises:
        Transient: the archive cannot be reached.

    """
    folder = layout.thread_folder(thread_id)
    return Revisions.of([file.path async for file in archive.walk(folder)])


async def newest_manifest(archive: ArchiveFiles, thread_id: str) -> Manifest | None:
    """Return the manifest of a thread's newest revision; None where it has none.

    Raises:
        IntegrityError: the manifest is broken, or another revision's.
        Transient: the archive cannot be reached.

    """
    newest = (await revisions_of(archive, thread_id)).newest
    return await read_manifest(archive, thread_id, newest) if newest else None


async def folders_of(
    archive: ArchiveFiles,
    prefix: str = "",
    on_stranger: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[tuple[str, list[StoredFile]]]:
    """Yield each folder at the top with its files, one folder after the other.

    What file managers leave in folders is no part of an archive: it is left out, and
    `on_stranger` takes its path.
    """
    folder, files = "", list[StoredFile]()
    async for file in archive.walk(prefix):
        if layout.is_stranger(file.path):
            on_stranger(file.path)
            continue
        name = file.path.partition("/")[0]
        if name != folder and files:
            yield folder, files
            files = []
        folder = name
        files.append(file)
    if files:
        yield folder, files


NO_THREAD = "the folder's name is not that of a thread"


async def threads_of(
    archive: ArchiveFiles,
    on_failure: Callable[[str], None],
    chosen: Sequence[str] = (),
) -> AsyncIterator[str]:
    """Yield the chosen threads, or every thread of the archive where none is.

    `on_failure` takes a sentence for each folder that is taken for none.
    """
    for thread_id in chosen:
        yield thread_id
    if not chosen:
        async for folder, _ in folders_of(archive, layout.THREAD_PREFIX):
            if thread_id := layout.thread_of(folder):
                yield thread_id
            else:
                on_failure(f"{folder}: {NO_THREAD}")


async def read_manifest(
    archive: ArchiveFiles, thread_id: str, revision: int
) -> Manifest:
    """Return the manifest of a revision.

    Raises:
        IntegrityError: it is missing, broken, or another revision's.

    """
    path = layout.revision_path(thread_id, revision, layout.MANIFEST_FILE)
    manifest = decode_manifest(await archive.read(path))
    if (manifest.thread_id, manifest.revision) != (thread_id, revision):
        raise IntegrityError(f"{path} is the manifest of another revision")
    return manifest


async def read_erasures(archive: ArchiveFiles, manifest: Manifest) -> Erasures:
    """Return what was erased of a revision that has an `erasures.json`."""
    path = layout.revision_path(
        manifest.thread_id, manifest.revision, layout.ERASURES_FILE
    )
    return erasures_in(await archive.read(path), manifest)


def erasures_in(data: bytes, manifest: Manifest) -> Erasures:
    """Read the `erasures.json` of this revision.

    Raises:
        IntegrityError: it cannot be read, or is another revision's.

    """
    erasures = decode_erasures(data)
    if (erasures.thread_id, erasures.revision) != (
        manifest.thread_id,
        manifest.revision,
    ):
        raise IntegrityError("erasures.json is of another revision")
    return erasures


async def read_inputs(
    archive: ArchiveFiles, manifest: Manifest, *, erased: bool
) -> RevisionInputs:
    """Return a revision's input, each file compared with what it has to be.

    Raises:
        IntegrityError: a file is missing, or not what manifest and erasures say.

    """
    erasures = (
        await read_erasures(archive, manifest)
        if erased
        else Erasures(thread_id=manifest.thread_id, revision=manifest.revision)
    )
    expected = erasures.current(manifest)
    files: dict[str, bytes] = {}
    there = {file.name for file in expected} | {layout.EVENTS_FILE, layout.LISTING_FILE}
    for name in (name for name in layout.GROWING_FILES if name in there):
        path = layout.revision_path(manifest.thread_id, manifest.revision, name)
        data = await archive.read(path)
        if describe(name, data) != file_named(expected, name):
            raise IntegrityError(
                f"{name} of revision {manifest.revision} is not what its manifest says"
            )
        files[name] = data
    return RevisionInputs.of(files, erasures)
