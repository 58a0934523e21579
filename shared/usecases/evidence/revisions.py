"""Reading a revision's input back, checked against its manifest."""

from collections.abc import AsyncIterator, Sequence

from shared.domain import layout
from shared.domain.archive.erasure import Erasures, decode_erasures
from shared.domain.archive.manifest import (
    Manifest,
    decode_manifest,
    describe,
    file_named,
)
from shared.domain.archive.revision_inputs import Sources
from shared.domain.errors import IntegrityError
from shared.ports.archive_store import ArchiveFiles


async def threads_of(
    archive: ArchiveFiles, chosen: Sequence[str] = ()
) -> AsyncIterator[str]:
    """Give the chosen threads, or every thread of the archive where none is."""
    for thread_id in chosen:
        yield thread_id
    if chosen:
        return
    before = ""
    async for file in archive.walk(layout.THREAD_PREFIX):
        folder = file.path.partition("/")[0]
        if folder != before:
            yield layout.thread_of(folder)
        before = folder


async def read_manifest(
    archive: ArchiveFiles, thread_id: str, revision: int
) -> Manifest:
    """Give the manifest of a revision.

    Raises:
        IntegrityError: it is missing, broken, or another revision's.

    """
    path = layout.revision_path(thread_id, revision, layout.MANIFEST_FILE)
    manifest = decode_manifest(await archive.read(path))
    if (manifest.thread_id, manifest.revision) != (thread_id, revision):
        raise IntegrityError(f"{path} is the manifest of another revision")
    return manifest


async def read_erasures(archive: ArchiveFiles, manifest: Manifest) -> Erasures:
    """Give what was erased of a revision that has an `erasures.json`."""
    path = layout.revision_path(
        manifest.thread_id, manifest.revision, layout.ERASURES_FILE
    )
    return erasures_in(await archive.read(path), manifest)


def erasures_in(data: bytes, manifest: Manifest) -> Erasures:
    """Read the `erasures.json` of this revision.

    Raises:
        IntegrityError: it is none, or another revision's.

    """
    erasures = decode_erasures(data)
    if (erasures.thread_id, erasures.revision) != (
        manifest.thread_id,
        manifest.revision,
    ):
        raise IntegrityError("erasures.json is of another revision")
    return erasures


async def read_sources(
    archive: ArchiveFiles, manifest: Manifest, *, erased: bool
) -> Sources:
    """Give a revision's input, each file compared with what it has to be.

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
    there = {one.name for one in expected} | {layout.EVENTS_FILE, layout.LISTING_FILE}
    for name in (one for one in layout.GROWING_FILES if one in there):
        path = layout.revision_path(manifest.thread_id, manifest.revision, name)
        data = await archive.read(path)
        if describe(name, data) != file_named(expected, name):
            raise IntegrityError(
                f"{name} of revision {manifest.revision} is not what its manifest says"
            )
        files[name] = data
    return Sources.of(files, erasures)
