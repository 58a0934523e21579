"""What becomes of events that Event Grid gives up on."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.storage.blob import BlobServiceClient
from click.testing import CliRunner
from inbox import EVENTS, Inbox, letters_in

from builders import FIRST_ID, events_in, received
from local.chat_service import dead_letters, delivery
from local.chat_service.dead_letters import Container, Folder
from local.chat_service.delivery import Subscription
from local.chat_service.destinations import Webhook
from local.chat_service.misbehaviour import Misbehaviour
from shared.cli.main import main
from shared.domain import layout


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


async def test_a_batch_is_given_up_as_a_whole(subscribe, tmp_path):
    counts = await subscribe(Inbox(400), *EVENTS[:5], most=5)

    assert counts.dead_lettered == 5
    found = [letter["id"] for letter in letters_in(tmp_path / "dead")]
    assert found == [event["id"] for event in EVENTS[:5]]


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
