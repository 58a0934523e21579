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
from evidence_verifiers import failures, write
from fakes.archive_store import MemoryArchiveStore
from world import World

__all__ = ["OTHER", "in_memory", "small_world", "verify", "write"]
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
    await world.ledger.close_if_over()
    await world.receive(
        received(2, "late"),
        thread_event("ChatThreadDeleted", deletedByCommunicationIdentifier=who(BOB)),
    )
    await world.finalize(THREAD)
    return world


def verify(archive, checkpoint=b""):
    """Return the failures of both verifiers, who have to agree."""
    return failures(archive.files, checkpoint)


def in_memory(files):
    archive = MemoryArchiveStore()
    archive.files = dict(files)
    return archive
