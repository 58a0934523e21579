"""Event Grid's delivery: what arrives, how often, and what becomes of the rest."""

import base64
import json
from http import HTTPStatus

import pytest
from azure.storage.queue.aio import QueueClient
from inbox import EVENTS, Inbox, ids, letters_in

from local.chat_service import delivery
from local.chat_service.dead_letters import Folder
from local.chat_service.delivery import Subscription
from local.chat_service.destinations import StorageQueue
from local.chat_service.misbehaviour import Misbehaviour
from shared.usecases.capture.redeliver import event_in


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


@pytest.fixture
async def by_queue(running_azurite, fresh_name, tmp_path):
    """Deliver events to a queue; give the counts and the messages there are then."""

    async def run(*events, **behaviour):
        subscription = Subscription(
            StorageQueue(running_azurite.connection_string, fresh_name),
            Misbehaviour(**behaviour),
            Folder(tmp_path / "dead"),
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
    (letter,) = letters_in(tmp_path / "dead")
    outcome = "lastdeliveryoutcome" if "specversion" in large else "lastDeliveryOutcome"
    assert letter[outcome] == "PayloadTooLarge"
    assert json.loads(event_in(json.dumps(letter).encode())) == large


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


@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
async def test_a_delivery_may_have_several_events(subscribe, schema):
    inbox = Inbox()

    counts = await subscribe(inbox, *EVENTS, schema=schema, most=8)

    assert sorted(ids(inbox)) == sorted(event["id"] for event in EVENTS)
    assert [len(body) for body in inbox.deliveries] == [8, 8, 4]
    assert counts.delivered == counts.published == 20
    batch = schema == "cloudevents"
    kind = "application/cloudevents-batch+json" if batch else "application/json"
    assert set(inbox.content_types) == {kind}


async def test_nothing_waits_until_a_batch_is_full(subscribe):
    inbox = Inbox()

    await subscribe(inbox, EVENTS[0], schema="cloudevents", most=8)

    assert inbox.deliveries == [[EVENTS[0]]]


async def test_a_batch_that_fails_comes_again_as_a_whole(subscribe):
    inbox = Inbox(500)

    counts = await subscribe(inbox, *EVENTS[:5], most=5)

    assert inbox.deliveries == [EVENTS[:5]] * 2
    assert (counts.delivered, counts.retried) == (5, 5)


async def test_batches_are_misbehaved_with_like_single_events(subscribe):
    inbox = Inbox(500, 200, 500)
    wish = {"seed": 3, "duplicate": 0.5, "reorder": 0.5, "delay": 0.02}

    counts = await subscribe(inbox, *EVENTS, most=4, **wish)

    assert set(ids(inbox)) == {event["id"] for event in EVENTS}
    assert counts.delivered == 20 + counts.duplicated


def test_hopeless_statuses_are_those_that_event_grid_never_retries():
    assert {int(one) for one in delivery.HOPELESS} == {400, 401, 403, 413}
    assert HTTPStatus.NOT_FOUND not in delivery.HOPELESS
