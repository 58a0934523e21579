"""The chat service keeps to the contract: shapes, delivery rules, misbehaviour."""

import asyncio
import json
import time

import pytest
from azure.communication.chat import (
    ChatClient,
    ChatParticipant,
    CommunicationTokenCredential,
    CommunicationUserIdentifier,
)
from azure.core.exceptions import ResourceNotFoundError

from builders import SAMPLES, read_event
from local.chat_service.events import USER_TYPES, Publisher
from local.chat_service.misbehaviour import Misbehaviour
from local.chat_service.model import Member, World
from local.chat_service.wire import message_json
from serving import served
from shared.domain.log.event import THREAD_LEVEL, USER_LEVEL


def published(schema="eventgrid", levels=("thread", "user")):
    """Everything that can happen in a thread, as events."""
    events = []
    world = World()
    publisher = Publisher(events.append, frozenset(levels), schema)
    alice, bob = Member(world.new_identity(), "A"), Member(world.new_identity(), "B")
    thread = world.create_thread("T", alice.id)
    thread.members = {alice.id: alice, bob.id: bob}
    publisher.thread_created(thread)
    message = world.add_message(thread, "text", {"message": "x"}, sender=alice)
    for what in ("Received", "Edited", "Deleted"):
        message.edited_ms = message.deleted_ms = world.touch(thread, message)
        publisher.message(thread, message, what)
    publisher.thread_changed(thread, alice.id, world.tick())
    for verb in ("added", "removed"):
        publisher.participant(thread, bob, verb, alice.id, world.tick())
    thread.deleted_ms = world.tick()
    publisher.thread_deleted(thread, alice.id)
    return events


@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
def test_every_event_at_both_levels_is_one_that_the_product_reads(schema):
    events = published(schema)

    names = {
        event.get("eventType", event.get("type")).rpartition(".")[2] for event in events
    }
    assert names == set(THREAD_LEVEL) | set(USER_TYPES.values())
    identities = {read_event(json.dumps(event)).identity for event in events}
    assert len(identities) == len(THREAD_LEVEL)
    assert set(USER_TYPES.values()) < set(USER_LEVEL)


def test_the_one_who_acts_gets_no_user_level_event():
    user_events = published(levels=("user",))

    assert len(user_events) == len(THREAD_LEVEL)
    assert all("recipientCommunicationIdentifier" in one["data"] for one in user_events)


def official_samples():
    for file in sorted((SAMPLES / "eventgrid").glob("docs-samples.json")):
        yield from json.loads(file.read_text())


LEGACY = {"createdBy", "editedBy", "deletedBy", "members", "metadata"}


def test_the_fields_are_those_of_the_official_samples():
    """Nothing is invented, and nothing that the product might use is missing."""
    made = {one["eventType"]: one for one in published()}

    for sample in official_samples():
        event = made[sample["eventType"]]
        assert set(event) == set(sample)
        ours, theirs = set(event["data"]), set(sample["data"])
        assert ours - theirs <= {"recipientId"}
        assert theirs - ours <= LEGACY
        for name in ours & theirs:
            assert type(event["data"][name]) is type(sample["data"][name]), name


def recorded_messages():
    for file in sorted((SAMPLES / "acs-recordings").glob("list-messages*.json")):
        recording = json.loads(file.read_text())
        for part in recording.get("recordings", [recording]):
            for entry in part["entries"]:
                yield from entry["body"]["value"]


def test_a_listed_message_has_the_fields_of_the_recordings():
    known = {"metadata", "editedOn"}.union(*map(set, recorded_messages()))
    world = World()
    alice = Member(world.new_identity(), "A")
    thread = world.create_thread("T", alice.id)
    message = world.add_message(
        thread, "text", {"message": "x"}, sender=alice, metadata={"a": "b"}
    )
    message.edited_ms = world.touch(thread, message)

    assert set(message_json(message)) <= known | {
        "id", "type", "sequenceId", "version", "content", "createdOn",
        "senderDisplayName", "senderCommunicationIdentifier",
    }  # fmt: skip
    message.deleted_ms = world.touch(thread, message)
    assert message_json(message)["content"] == {"message": ""}
    assert "editedOn" not in message_json(message)


async def test_the_sdk_of_a_person_can_do_all_that_people_do(tmp_path):
    async with served(tmp_path) as here:
        await asyncio.to_thread(live, here)


def live(here):
    world, trust = here.service.world, {"connection_verify": str(here.ca_file)}
    alice, bob = world.new_identity(), world.new_identity()
    token, _ = here.service.tokens.issue(alice, ["chat"], 60)
    client = ChatClient(here.endpoint, CommunicationTokenCredential(token), **trust)
    created = client.create_chat_thread("Topic")
    thread = client.get_chat_thread_client(created.chat_thread.id, **trust)
    thread.add_participants(
        [ChatParticipant(identifier=CommunicationUserIdentifier(bob), display_name="B")]
    )
    first = thread.send_message("one", metadata={"a": "b"}).id
    thread.update_message(first, content="two", metadata={"a": ""})
    thread.delete_message(thread.send_message("three").id)
    thread.update_topic("New topic")
    thread.send_typing_notification()
    thread.remove_participant(CommunicationUserIdentifier(bob))

    assert thread.get_properties().topic == "New topic"
    assert thread.get_message(first).content.message == "two"
    assert not thread.get_message(first).metadata
    assert [one.identifier.raw_id for one in thread.list_participants()] == [alice]
    messages = list(thread.list_messages(results_per_page=2))
    assert len({one.id for one in messages}) == len(messages) == 7
    versions = [int(one.version) for one in messages]
    assert versions == sorted(versions, reverse=True)
    assert list(thread.list_read_receipts()) == []
    assert [one.topic for one in client.list_chat_threads()] == ["New topic"]
    client.delete_chat_thread(created.chat_thread.id)
    (gone,) = client.list_chat_threads()
    assert gone.deleted_on.timestamp() == pytest.approx(time.time(), abs=60)
    with pytest.raises(ResourceNotFoundError):
        thread.get_properties()


async def test_an_unknown_wish_of_misbehaviour_is_refused():
    with pytest.raises(TypeError, match="explode"):
        Misbehaviour.from_json({"explode": 1})


async def test_a_token_is_needed_and_must_be_good(tmp_path):
    async with served(tmp_path) as here:
        tokens, world = here.service.tokens, here.service.world
        user = world.new_identity()
        token, expires_on = tokens.issue(user, ["chat"], 60)

        assert tokens.user_of(f"Bearer {token}") == user
        assert expires_on.endswith("0000+00:00")
        assert tokens.user_of(f"Bearer {token}x") is None
        assert tokens.user_of("Bearer") is None
        old, _ = tokens.issue(user, ["chat"], -1)
        assert tokens.user_of(f"Bearer {old}") is None
        tokens.revoked_before[user] = 1e12
        assert tokens.user_of(f"Bearer {token}") is None
