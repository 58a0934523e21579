"""A small archive to verify, and verifying it with all failures as one list."""

from builders import (
    ALICE,
    BOB,
    THREAD,
    deleted,
    edited,
    listed,
    listed_edited,
    received,
    thread_created,
    thread_event,
    who,
)
from fakes.archive_store import MemoryArchiveStore
from shared.usecases.evidence.verify import Verify
from world import World

OTHER = "19:acsV1_another@thread.v2"


async def small_world():
    """Two threads, one with two revisions, over two days of which one is closed."""
    world = World()
    await world.receive(
        thread_created(),
        received(0, "old"),
        edited(0, "né\u2028w 👩"),
        received(1, "x"),
    )
    await world.receive(deleted(1), received(0, "old"), received(5, threadId=OTHER))
    system = listed(
        -10,
        type="participantAdded",
        content={
            "participants": [
                {"communicationIdentifier": who(ALICE), "displayName": "Alice"},
                {"communicationIdentifier": who(BOB)},
            ]
        },
    )
    world.chat.shows(THREAD, ALICE, listed_edited(0, "né\u2028w 👩"), system)
    await world.finalize(THREAD)
    await world.finalize(OTHER)
    world.clock.pass_time(days=1, hours=3)
    await world.close_ledger()
    await world.receive(
        received(2, "late"),
        thread_event("ChatThreadDeleted", deletedByCommunicationIdentifier=who(BOB)),
    )
    await world.finalize(THREAD)
    return world


async def verify(archive, *, erased=None, **options):
    """Return the report and the failures; what was erased is added to `erased`."""
    failures = []
    report = await Verify(
        archive=archive,
        on_failure=lambda one: failures.append(f"{one.path}: {one.reason}"),
        on_bytes=lambda _: None,
        on_erased=(erased if erased is not None else []).append,
    )(**options)
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
