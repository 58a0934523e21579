"""Verifying an archive in a test, with all failures as one list."""

from fakes.archive_store import MemoryArchiveStore
from shared.storage.checklist import DiskChecklist
from shared.usecases.verify import Verify


async def verify(archive, **options):
    failures = []
    checklist = DiskChecklist()
    report = await Verify(
        archive=archive,
        checklist=checklist,
        on_failure=lambda one: failures.append(f"{one.path}: {one.reason}"),
        on_bytes=lambda _: None,
    )(**options)
    checklist.close()
    assert report.failures == len(failures)
    return report, failures


def in_memory(files):
    archive = MemoryArchiveStore()
    archive.files = dict(files)
    return archive


def write(folder, files):
    for path, data in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
