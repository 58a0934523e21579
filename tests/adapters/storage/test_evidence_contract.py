"""An archive is verified wherever it stands: in memory, a folder, a container."""

from datetime import UTC, datetime

import pytest

from builders import THREAD, received
from evidence_archives import FOLDER, OTHER, erased, path_of, small
from evidence_rendering import RenderingWriter
from fakes.archive_store import MemoryArchiveStore
from shared.adapters.storage.archive_folder import FolderArchive
from shared.adapters.storage.evidence_folder import FolderEvidence
from shared.ports.archive_store import StoredFile
from shared.usecases.evidence.verify import Verify

TODAY = datetime(2027, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def files():
    return erased(writer=RenderingWriter()).files


async def verify(archive, *, direct=None, **options):
    """Return what was looked at, all failures, and the bytes that were read."""
    found, sizes = [], []
    verified = await Verify(
        archive=archive,
        files=direct,
        clock=lambda: TODAY,
        on_finding=found.append,
        on_bytes=sizes.append,
    )(**options)
    failures = [f"{one.path}: {one.reason}" for one in found if one.is_failure]
    return verified, failures, sum(sizes)


async def put(archive, files):
    for path, data in files.items():
        await archive.create(path, data)


async def test_a_good_archive_is_verified(archive, files):
    await put(archive, files)

    verified, failures, size = await verify(archive)

    assert failures == []
    assert (verified.threads, verified.revisions) == (2, 3)
    assert size == sum(map(len, files.values()))


async def test_what_was_changed_is_found(archive, files):
    await put(archive, files)
    await archive.replace(path_of(None, "messages.csv", 2), b"x")
    await archive.remove(f"{FOLDER}thread.json")

    _, failures, _ = await verify(archive)

    assert any("messages.csv" in line for line in failures)
    assert any("thread.json: it is missing" in line for line in failures)


async def test_one_thread_is_read_with_the_ledger_and_nothing_else(archive, files):
    await put(archive, files)

    verified, failures, size = await verify(archive, thread_id=OTHER)

    assert (verified.threads, failures) == (1, [])
    assert size == sum(
        len(data) for path, data in files.items() if not path.startswith(FOLDER)
    )
    _, failures, _ = await verify(archive, thread_id="19:nowhere")
    assert len(failures) == 1


async def test_what_is_written_or_removed_meanwhile_is_no_failure():
    writer = small(writer=RenderingWriter())
    superseded = [path_of(None, "transcript.html", 1)]

    class Living(MemoryArchiveStore):
        """An archive that goes on once its ledger was read."""

        async def walk(self, prefix=""):
            if not prefix and len(writer.revisions(THREAD)) == 2:
                writer.receive(received(7, "later"))
                writer.finalize()
            for path in [path for path in self.files if path.startswith(prefix)]:
                yield StoredFile(path=path, size=len(self.files[path]))

        async def stream(self, path):
            if path in superseded:
                self.files.pop(path, None)
            async for part in super().stream(path):
                yield part

    archive = Living()
    archive.files = writer.files

    verified, failures, _ = await verify(archive)

    assert failures == []
    assert verified.revisions == 4
    assert superseded[0] not in writer.files


async def test_a_folder_is_read_straight_from_the_disk(tmp_path, files):
    archive = FolderArchive(tmp_path)
    await put(archive, files)

    direct = FolderEvidence(tmp_path)
    assert await verify(archive, direct=direct) == await verify(archive)
    verified, failures, _ = await verify(archive, direct=direct, thread_id=THREAD)
    assert (verified.threads, failures) == (1, [])
