"""The chat service keeps to the contract: shapes, delivery rules, misbehaviour."""

import asyncio
import base64
import json
import time
from http import HTTPStatus

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from azure.communication.chat import (
    ChatClient,
    ChatParticipant,
    CommunicationTokenCredential,
    CommunicationUserIdentifier,
)
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from builders import SAMPLES, read_event
from local.chat_service import delivery
from local.chat_service.delivery import Subscription
from local.chat_service.destinations import StorageQueue, Webhook
from local.chat_service.events import USER_TYPES, Publisher
from local.chat_service.misbehaviour import Misbehaviour
from local.chat_service.model import Member, World
from local.chat_service.wire import message_json
from serving import served
from shared.domain.log.event import THREAD_LEVEL, USER_LEVEL
from shared.usecases.capture.redeliver import events_of


class Inbox:
    """A webhook that answers by script, then 200."""

    def __init__(self, *script):
        self.script = list(script)
        self.deliveries = []

    async def answer(self, request):
        if request.headers.get("aeg-event-type") == "SubscriptionValidation":
            (event,) = await request.json()
            code = event["data"]["validationCode"]
            return web.json_response({"validationResponse": code})
        if request.method == "OPTIONS":
            return web.Response(headers={"Webhook-Allowed-Origin": "*"})
        self.deliveries.append(await request.json())
        status = self.script.pop(0) if self.script else 200
        return web.Response(status=status)


@pytest.fixture
def subscribe(tmp_path, monkeypatch):
    monkeypatch.setattr(delivery, "PAUSES", (0.01, 0.01, 0.01))

    async def run(inbox, *events, schema="eventgrid", **behaviour):
        application = web.Application()
        application.router.add_route("*", "/", inbox.answer)
        async with TestServer(application) as server:
            subscription = Subscription(
                Webhook(str(server.make_url("/")), schema),
                Misbehaviour(**behaviour),
                tmp_path / "dead",
            )
            await subscription.subscribe()
            for event in events:
                subscription.publish(event)
            await subscription.flush()
            await subscription.close()
        return subscription.counts

    return run


EVENTS = [{"id": str(number)} for number in range(20)]


def ids(inbox):
    return [event["id"] for body in inbox.deliveries for event in body]


async def test_every_event_is_delivered(subscribe):
    inbox = Inbox()

    counts = await subscribe(inbox, *EVENTS)

    assert sorted(ids(inbox)) == sorted(event["id"] for event in EVENTS)
    assert counts.delivered == counts.published == 20


@pytest.mark.parametrize("status", [500, 503, 404, 408, 301, 205])
async def test_anything_but_success_is_tried_again(subscribe, status):
    inbox = Inbox(status, status)

    counts = await subscribe(inbox, EVENTS[0])

    assert (counts.delivered, counts.retried) == (1, 2)


@pytest.mark.parametrize("status", [400, 401, 403, 413])
async def test_a_hopeless_answer_is_dead_lettered_at_once(subscribe, tmp_path, status):
    inbox = Inbox(status)

    counts = await subscribe(inbox, EVENTS[0])

    assert (counts.dead_lettered, len(inbox.deliveries)) == (1, 1)
    (letter,) = json.loads((tmp_path / "dead" / "0.json").read_text())
    assert letter["deadLetterReason"] == "UndeliverableDueToHttpStatus"
    assert letter["lastDeliveryOutcome"] == str(status)


async def test_at_last_an_event_is_dead_lettered(subscribe, tmp_path):
    inbox = Inbox(*[500] * 9)

    counts = await subscribe(inbox, EVENTS[0])

    assert (counts.dead_lettered, len(inbox.deliveries)) == (1, 4)
    (letter,) = json.loads((tmp_path / "dead" / "0.json").read_text())
    assert letter["deliveryAttempts"] == 4


@pytest.fixture
async def by_queue(running_azurite, fresh_name, tmp_path):
    """Deliver events to a queue; give the counts and the messages there are then."""

    async def run(*events, **behaviour):
        subscription = Subscription(
            StorageQueue(running_azurite.connection_string, fresh_name),
            Misbehaviour(**behaviour),
            tmp_path / "dead",
        )
        await subscription.subscribe()
        for event in events:
            subscription.publish(event)
        await subscription.flush()
        await subscription.close()
        async with QueueClient.from_connection_string(
            running_azurite.connection_string, fresh_name
        ) as queue:
            return subscription.counts, await queue.peek_messages(32)

    return run


@pytest.mark.azurite
async def test_an_event_on_a_queue_is_one_message_in_base64_for_ever(by_queue):
    event = {"id": "0", "data": {"messageBody": "größer"}}

    counts, (message,) = await by_queue(event)

    assert json.loads(base64.b64decode(message.content, validate=True)) == event
    assert message.expires_on.year == 9999
    assert counts.delivered == 1


@pytest.mark.azurite
async def test_a_queue_gets_an_event_twice_where_event_grid_misbehaves(by_queue):
    counts, messages = await by_queue(EVENTS[0], duplicate=1.0)

    assert (counts.duplicated, len(messages)) == (1, 2)


@pytest.mark.azurite
@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
async def test_an_event_that_is_too_large_for_a_message_is_dead_lettered(
    by_queue, tmp_path, schema
):
    fits = {"id": "fits", "data": "x" * (48 * 1024 - 26)}
    large = {"id": "large", "data": "x" * (48 * 1024 - 26)}
    if schema == "cloudevents":
        large["specversion"] = "1.0"

    counts, messages = await by_queue(fits, large)

    assert len(messages) == counts.delivered == 1
    (file,) = (tmp_path / "dead").iterdir()
    (letter,) = json.loads(file.read_text())
    reason = "deadletterreason" if "specversion" in large else "deadLetterReason"
    assert letter[reason] == "UndeliverableDueToHttpStatus"
    assert json.loads(next(events_of(file.read_bytes()))) == large


async def test_cloud_events_are_delivered_alone(subscribe):
    inbox = Inbox()

    await subscribe(inbox, EVENTS[0], schema="cloudevents")

    assert inbox.deliveries == [EVENTS[0]]


async def test_misbehaviour_comes_by_seed(subscribe):
    wish = {"seed": 3, "duplicate": 0.5, "reorder": 0.5, "drop": 0.2}

    counts = [await subscribe(Inbox(), *EVENTS, **wish) for _ in range(2)]

    assert counts[0] == counts[1]
    assert counts[0].duplicated > 0
    assert counts[0].dropped > 0
    assert counts[0].delivered == 20 - counts[0].dropped + counts[0].duplicated


async def test_reordered_events_overtake_each_other(subscribe):
    inbox = Inbox()

    await subscribe(inbox, *EVENTS, reorder=1.0)

    assert ids(inbox) == [event["id"] for event in reversed(EVENTS)]


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


def test_hopeless_statuses_are_those_that_event_grid_never_retries():
    assert {int(one) for one in delivery.HOPELESS} == {400, 401, 403, 413}
    assert HTTPStatus.NOT_FOUND not in delivery.HOPELESS
