"""A message of which event and listing tell different things, and its erasure."""

import pytest
from erasing import erase

from builders import (
    ALICE,
    BOB,
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    listed,
    listed_edited,
    received,
    thread_created,
    who,
)
from shared.formats import ARCHIVED
from verifying import verify
from world import World

SAID, SHOWN = b"I owe you 100", b"I owe you 900"
MESSAGE = str(FIRST_ID)
METADATA = {"due": "I owe you 900"}
BY_BOB = {"senderCommunicationIdentifier": who(BOB), "senderDisplayName": "Bob"}
BY_EVENT = received(0, "I owe you 100", metadata={"due": "I owe you 100"})
DENIED = listed(0, "I owe you 900", version=str(FIRST_ID + 900))


def all_bytes(world):
    files = world.archive.files.values()
    return b"".join([*files, *(blob.data for blob in world.log.blobs.values())])


@pytest.mark.parametrize(
    ("events", "items"),
    [
        ([BY_EVENT], [listed(0, "I owe you 900", metadata=METADATA)]),
        ([BY_EVENT], [listed(0, "I owe you 900", **BY_BOB)]),
        (
            [BY_EVENT, edited(0, "I owe you 100")],
            [listed_edited(0, "I owe you 900")],
        ),
        ([BY_EVENT, deleted(0)], [DENIED]),
    ],
)
@pytest.mark.parametrize("is_late", [False, True])
async def test_neither_text_is_left_and_all_verifies(events, items, is_late):
    world = World(formats=ARCHIVED)
    await world.receive(thread_created(), *events, received(1, "the rest"))
    if is_late:  # The listing that differs comes with a revision of its own.
        await world.finalize(THREAD)
        world.clock.pass_time(hours=1)
    world.chat.shows(THREAD, ALICE, *items, listed(1, "the rest"))
    done = await world.finalize(THREAD, relist=True)
    newest = done.revision
    assert newest == 1 + is_late
    assert done.outcomes["differs"] == 1
    assert world.transcript(newest)["reconciliation"]["differs"] == 1
    assert world.manifest(newest)["grade"] == "may_be_incomplete"
    assert SAID in all_bytes(world)
    assert SHOWN in all_bytes(world)
    assert verify(world.archive) == []

    await erase(world, messages=frozenset([MESSAGE]), threads=(THREAD,))

    assert SAID not in all_bytes(world)
    assert SHOWN not in all_bytes(world)
    assert verify(world.archive) == []
    assert "the rest" in world.file("transcript.json", newest).decode()


async def test_what_the_service_still_tells_otherwise_does_not_come_back():
    world = World(formats=ARCHIVED)
    await world.receive(thread_created(), BY_EVENT)
    world.chat.shows(THREAD, ALICE, listed(0, "I owe you 900", **BY_BOB))
    await world.finalize(THREAD)
    world.clock.pass_time(hours=1)
    await erase(world, messages=frozenset([MESSAGE]), threads=(THREAD,))
    world.clock.pass_time(days=8)
    await world.receive(BY_EVENT, received(1, "new"))
    world.chat.shows(
        THREAD, ALICE, listed(0, "I owe you 900", **BY_BOB), listed(1, "new")
    )

    await world.finalize(THREAD)

    new = b"".join(
        data for path, data in world.archive.files.items() if "rev=0002" in path
    )
    assert b"new" in new
    assert SAID not in new
    assert SHOWN not in new
    assert verify(world.archive) == []


async def test_an_erased_participant_leaves_no_name_that_a_listing_told():
    world = World(formats=ARCHIVED)
    await world.receive(thread_created(participants=[]), BY_EVENT)
    item = listed(0, "I owe you 900", senderDisplayName="Mallory")
    world.chat.shows(THREAD, ALICE, item)
    await world.finalize(THREAD)
    assert b"Mallory" in world.file("messages.csv")

    await erase(world, participant=ALICE)

    assert b"Mallory" not in all_bytes(world)
    assert SHOWN not in all_bytes(world)
    assert verify(world.archive) == []


async def test_erasing_one_sender_puts_no_words_of_the_other_under_their_name():
    world = World(formats=ARCHIVED)
    await world.receive(thread_created(), BY_EVENT)
    world.chat.shows(THREAD, ALICE, listed(0, "I owe you 900", **BY_BOB))
    await world.finalize(THREAD)

    await erase(world, participant=ALICE)

    (message,) = world.transcript(1)["messages"]
    (version,) = message["versions"]
    assert (message["sender"]["id"], message["outcome"]) == (ALICE, "differs")
    assert (version["content"], version["erased"]) == (None, True)
    assert version["listed"]["sender_id"] == BOB
    assert version["listed"]["message"] == "I owe you 900"
    assert SAID not in all_bytes(world)
    assert verify(world.archive) == []
