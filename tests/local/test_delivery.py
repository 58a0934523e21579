"""Event Grid's delivery: what arrives, how often, and what becomes of the rest."""

import asyncio
import base64
import json
import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from azure.core.exceptions import ServiceRequestError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue.aio import QueueClient
from click.testing import CliRunner

from builders import FIRST_ID, events_in, received
from local.chat_service import dead_letters, delivery
from local.chat_service.dead_letters import Container, Folder
from local.chat_service.delivery import Subscription
from local.chat_service.destinations import StorageQueue, Webhook
from local.chat_service.misbehaviour import Misbehaviour
from shared.cli.main import main
from shared.domain import layout
from shared.usecases.capture.redeliver import events_of


class Inbox:
    """A webhook that answers by script, then 200."""

    def __init__(self, *script):
        self.script = list(script)
        self.deliveries = []
        self.content_types = []

    async def answer(self, request):
        if request.headers.get("aeg-event-type") == "SubscriptionValidation":
            (event,) = await request.json()
            code = event["data"]["validationCode"]
            return web.json_response({"validationResponse": code})
        if request.method == "OPTIONS":
            return web.Response(headers={"Webhook-Allowed-Origin": "*"})
        self.deliveries.append(await request.json())
        self.content_types.append(request.content_type)
        status = self.script.pop(0) if self.script else 200
        return web.Response(status=status)


@pytest.fixture
def subscribe(tmp_path, monkeypatch):
    monkeypatch.setattr(delivery, "PAUSES", (0.01, 0.01, 0.01))

    async def run(inbox, *events, schema="eventgrid", most=1, to=None, **behaviour):
        application = web.Application()
        application.router.add_route("*", "/", inbox.answer)
        async with TestServer(application) as server:
            subscription = Subscription(
                Webhook(str(server.make_url("/")), schema, most > 1),
                Misbehaviour(**behaviour),
                to or Folder(tmp_path / "dead"),
                most,
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


def letters_in(folder):
    """Return the events of the one blob of dead letters in a folder."""
    (file,) = (file for file in folder.rglob("*") if file.is_file())
    return json.loads(file.read_bytes())


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
    (letter,) = letters_in(tmp_path / "dead")
    name = HTTPStatus(status).name.title().replace("_", "")
    assert letter["deadLetterReason"] == f"UndeliverableDueToHttp{name}"
    assert letter["lastHttpStatusCode"] == status


async def test_at_last_an_event_is_dead_lettered(subscribe, tmp_path):
    inbox = Inbox(*[500] * 9)

    counts = await subscribe(inbox, EVENTS[0])

    assert (counts.dead_lettered, len(inbox.deliveries)) == (1, 4)
    (letter,) = letters_in(tmp_path / "dead")
    assert letter["deliveryAttempts"] == 4
    assert letter["deadLetterReason"] == "MaxDeliveryAttemptsExceeded"


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
    assert json.loads(next(events_of(json.dumps([letter]).encode()))) == large


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


async def test_a_batch_is_given_up_as_a_whole(subscribe, tmp_path):
    counts = await subscribe(Inbox(400), *EVENTS[:5], most=5)

    assert counts.dead_lettered == 5
    found = [letter["id"] for letter in letters_in(tmp_path / "dead")]
    assert found == [event["id"] for event in EVENTS[:5]]


async def test_batches_are_misbehaved_with_like_single_events(subscribe):
    inbox = Inbox(500, 200, 500)
    wish = {"seed": 3, "duplicate": 0.5, "reorder": 0.5, "delay": 0.02}

    counts = await subscribe(inbox, *EVENTS, most=4, **wish)

    assert set(ids(inbox)) == {event["id"] for event in EVENTS}
    assert counts.delivered == 20 + counts.duplicated


PLACE = re.compile(r"CHAT-ARCHIVER/(\d+)/(\d+)/(\d+)/(\d+)/[0-9a-f-]{36}\.json")


async def test_a_dead_letter_lies_where_event_grid_writes_it(subscribe, tmp_path):
    before = datetime.now(UTC)
    await subscribe(Inbox(400), EVENTS[0])

    (file,) = (tmp_path / "dead").rglob("*.json")
    place = file.relative_to(tmp_path / "dead").as_posix()
    hour = [int(number) for number in PLACE.fullmatch(place).groups()]
    assert (
        before - timedelta(hours=1) < datetime(*hour, tzinfo=UTC) <= datetime.now(UTC)
    )


def test_numbers_of_a_place_have_no_leading_zeros():
    path = dead_letters.path_of(datetime(2026, 3, 4, 5, 6, tzinfo=UTC))

    assert path.startswith("CHAT-ARCHIVER/2026/3/4/5/")


@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
async def test_a_dead_letter_says_what_happened_in_its_schemas_spelling(
    subscribe, tmp_path, schema
):
    event = received(schema=schema)

    await subscribe(Inbox(*[503] * 4), event, schema=schema)

    (letter,) = letters_in(tmp_path / "dead")
    facts = {
        "deadLetterReason": "MaxDeliveryAttemptsExceeded",
        "deliveryAttempts": 4,
        "lastDeliveryOutcome": "Busy",
        "lastHttpStatusCode": 503,
    }
    times = ["publishTime", "lastDeliveryAttemptTime"]
    spelled = str.lower if schema == "cloudevents" else str
    published, last = (
        datetime.fromisoformat(letter.pop(spelled(name))) for name in times
    )
    assert published < last
    assert letter == event | {spelled(name): fact for name, fact in facts.items()}


async def test_an_endpoint_that_is_not_there_is_a_socket_error(tmp_path, monkeypatch):
    monkeypatch.setattr(delivery, "PAUSES", ())
    subscription = Subscription(
        Webhook("http://127.0.0.1:1/", "eventgrid"),
        Misbehaviour(),
        Folder(tmp_path / "dead"),
    )
    subscription.ready.set()
    subscription.publish(EVENTS[0])
    await subscription.flush()
    await subscription.close()

    (letter,) = letters_in(tmp_path / "dead")
    assert letter["lastDeliveryOutcome"] == "SocketError"
    assert "lastHttpStatusCode" not in letter


@pytest.fixture
def account(running_azurite):
    """The containers of an account that is empty before."""
    connection_string = running_azurite.connection_string
    with BlobServiceClient.from_connection_string(connection_string) as service:
        for container in service.list_containers():
            service.delete_container(container.name)
        yield connection_string, service


def blobs_of(service, name):
    container = service.get_container_client(name)
    if not container.exists():
        return {}
    return {
        blob: container.download_blob(blob).readall()
        for blob in container.list_blob_names()
    }


@pytest.mark.azurite
@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
async def test_redeliver_takes_dead_letters_in_where_they_lie(
    subscribe, account, schema
):
    connection_string, service = account
    events = [received(number, schema=schema) for number in range(3)]
    letters = Container(connection_string, layout.DEAD_LETTER)
    await subscribe(Inbox(400), *events, schema=schema, most=3, to=letters)
    ((place, _),) = blobs_of(service, layout.DEAD_LETTER).items()
    assert PLACE.fullmatch(place)

    run = CliRunner(env={"CHAT_STORAGE": connection_string}).invoke
    done = await asyncio.to_thread(run, main, ["redeliver", "--execute"])

    assert done.exit_code == 0, done.output
    assert "dead letters: 3 events redelivered, 0 still unreadable" in done.output
    assert blobs_of(service, layout.DEAD_LETTER) == {}
    log = events_in(b"".join(blobs_of(service, layout.LOG).values()))
    assert [event.message_id for event in log] == [
        str(FIRST_ID + number) for number in range(3)
    ]


async def test_dead_letters_that_cannot_be_written_are_lost(subscribe):
    class Nowhere(Folder):
        async def write(self, path, data):
            raise ServiceRequestError("no storage")

    counts = await subscribe(Inbox(400), EVENTS[0], to=Nowhere(None))

    assert (counts.dead_lettered, counts.dropped) == (1, 1)


def test_hopeless_statuses_are_those_that_event_grid_never_retries():
    assert {int(one) for one in delivery.HOPELESS} == {400, 401, 403, 413}
    assert HTTPStatus.NOT_FOUND not in delivery.HOPELESS
