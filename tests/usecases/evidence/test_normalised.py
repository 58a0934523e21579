"""What ingest normalises, both verifiers normalise in the same way.

Whatever is taken for a message here has to be one there, under the same id and number.
"""

from dataclasses import replace

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
    received,
    thread_created,
    thread_event,
    who,
)
from fakes.service import page
from shared.domain.thread.listing import PageKind
from verifying import verify
from world import World

NUMBER = FIRST_ID
BIG = 2**63
MESSAGES = [received, edited, deleted]
ODD = [
    {"messageId": NUMBER},
    {"messageId": f"0{NUMBER}"},
    {"messageId": "not a number"},
    {"messageId": 1.5},
    {"messageId": 10**20},
    {"messageId": True},
    {"messageId": ["5"]},
    {"messageId": {"a": 1}},
    {"messageId": " 5 "},
    {"messageId": "٣"},
    {"version": NUMBER},
    {"version": str(NUMBER)},
    {"version": f"00{NUMBER}"},
    {"version": 0},
    {"version": BIG},
    {"version": "9" * 30},
    {"messageId": NUMBER, "version": f"0{NUMBER}"},
    {"type": "text"},
    {"type": "TEXT"},
    {"type": "richtext/HTML"},
    {"type": 5},
    {"senderCommunicationIdentifier": {"communicationUser": {"id": ALICE}}},
    {"senderCommunicationIdentifier": {"rawId": 5, "phoneNumber": {"value": "+1"}}},
    {"senderCommunicationIdentifier": ALICE},
    {"composeTime": "2026-11-22T12:00:00.1234567-08:00"},
    {"composeTime": "yesterday"},
    {"metadata": [1]},
    {"messageBody": None},
    {"messageBody": 10**25},
]
"""Values that stand in events of a message otherwise than they are asked for."""


@pytest.mark.parametrize("make", MESSAGES)
@pytest.mark.parametrize("odd", ODD, ids=str)
async def test_an_event_of_a_message_is_read_alike(make, odd):
    world = World()
    event = make(0)
    event["data"] |= odd
    await world.receive(thread_created(), received(1, "other"), event)
    await world.finalize(THREAD)

    assert verify(world.archive) == []
    world.clock.pass_time(hours=1)
    await world.receive(received(0, "as it should be"))
    await world.finalize(THREAD)
    assert verify(world.archive) == []


@pytest.mark.parametrize(
    "name",
    [
        "ChatMessageReceivedInThread",
        "Microsoft.Communication.ChatMessageReceivedInThread",
        "Microsoft.Communication.ChatMessageReceived",
        "Microsoft.Communication.ChatMessageReceivedInThreadV2",
    ],
)
@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
async def test_an_event_is_of_the_same_kind_however_it_is_named(name, schema):
    event = received(0, schema=schema)
    event["type" if schema == "cloudevents" else "eventType"] = name
    world = World()

    await world.receive(event)
    await world.finalize(THREAD)

    assert verify(world.archive) == []


@pytest.mark.parametrize(
    "odd",
    [
        {"id": FIRST_ID},
        {"version": FIRST_ID},
        {"version": f"0{FIRST_ID}"},
        {"id": f"0{FIRST_ID}"},
        {"id": "not a number"},
        {"version": "9" * 30},
        {"type": "TEXT"},
        {"createdOn": "yesterday"},
        {"editedOn": 5, "deletedOn": []},
        {"content": None},
        {"content": {"message": "x", "initiatorCommunicationIdentifier": who(ALICE)}},
        {"senderCommunicationIdentifier": {"communicationUser": {"id": ALICE}}},
    ],
    ids=str,
)
async def test_a_listed_message_is_read_alike(odd):
    world = World(readers=(ALICE,))
    world.chat.shows(THREAD, ALICE, listed(0) | odd, listed(1))
    await world.receive(received(0), thread_created())

    await world.finalize(THREAD)

    assert verify(world.archive) == []


@pytest.mark.parametrize(
    "name",
    ["ChatThreadCreated", "ChatThreadPropertiesUpdated", "ChatThreadDeleted"],
)
@pytest.mark.parametrize(
    "odd",
    [
        {"version": "7"},
        {"version": "soon"},
        {"version": -1},
        {"createTime": 5},
        {"participants": 5},
        {"participants": [None, {"participantCommunicationIdentifier": 5}]},
        {"properties": "x"},
        {"properties": {"topic": 5}},
        {"createdByCommunicationIdentifier": {"communicationUser": {"id": ALICE}}},
        {"messageId": "5"},
    ],
    ids=str,
)
async def test_an_event_of_a_thread_is_read_alike(name, odd):
    world = World()
    await world.receive(thread_event(name, **odd), received(0))
    await world.finalize(THREAD)

    assert verify(world.archive) == []


@pytest.mark.parametrize("message_id", [FIRST_ID, str(FIRST_ID)])
@pytest.mark.parametrize("sender", [who(ALICE), {"communicationUser": {"id": ALICE}}])
@pytest.mark.parametrize("choice", ["messages", "participant"])
async def test_what_is_written_otherwise_is_erased_too(message_id, sender, choice):
    by = {"senderCommunicationIdentifier": sender, "messageId": message_id}
    world = World()
    await world.receive(
        thread_created(participants=[]),
        received(0, "very secret", **by),
        edited(0, "very secret now", **by),
        received(1, "another", senderCommunicationIdentifier=who(BOB)),
    )
    await world.finalize(THREAD)

    chosen = {
        "messages": {"messages": frozenset([str(FIRST_ID)]), "threads": (THREAD,)},
        "participant": {"participant": ALICE},
    }[choice]
    await erase(world, **chosen)

    blobs = [blob.data for blob in world.log.blobs.values()]
    left = b"".join([*world.archive.files.values(), *blobs])
    assert b"secret" not in left
    assert b"another" in left
    assert verify(world.archive) == []


async def test_the_other_name_of_a_participant_goes_with_them():
    world = World(readers=(ALICE,))
    created = thread_created(
        participants=[
            {"participantCommunicationIdentifier": who(BOB), "displayName": "Mallory"}
        ]
    )
    world.chat.shows(THREAD, ALICE, others=(BOB,))
    people = [
        {"communicationIdentifier": who(user), "displayName": f"Shown {user[-3:]}"}
        for user in (ALICE, BOB)
    ]
    listing = world.chat.pages[THREAD, ALICE]
    world.chat.pages[THREAD, ALICE] = replace(
        listing,
        pages=(*listing.pages[:-1], page(PageKind.PARTICIPANTS, {"value": people})),
    )
    await world.receive(created, received(0))
    await world.finalize(THREAD)
    (bob,) = (told for told in world.transcript()["participants"] if told["id"] == BOB)
    assert (bob["display_name"], bob["extra"]["displayName"]) == (
        "Mallory",
        "Shown bob",
    )

    await erase(world, participant=BOB)

    blobs = [blob.data for blob in world.log.blobs.values()]
    left = b"".join([*world.archive.files.values(), *blobs])
    assert b"Shown bob" not in left
    assert b"Mallory" not in left
    assert verify(world.archive) == []
