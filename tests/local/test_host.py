"""The host's surfaces, on the real function app, through each worker there is."""

import asyncio
import base64
import gc
import importlib.util
import json
import sys
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from builders import THREAD, received, thread_created
from local.host.configuration import DISABLED, MissingSetting, QueueOptions, resolve
from local.host.queue_listener import QueueListener
from local.host.server import host, routes
from local.host.timer_listener import TimerListener
from local.host.worker import (
    InvocationFailed,
    Payload,
    RuntimeWorker,
    Trigger,
    start_worker,
)
from local.ports import free_ports
from shared.bootstrap.app import current_app

ROOT = Path(__file__).parents[2]
WORKERS = ["library"]
if importlib.util.find_spec("azure_functions_runtime"):
    WORKERS.append("runtime")
WEBHOOK = "/runtime/webhooks/eventgrid?functionName=archive_chat_event"
NOTIFICATION = {"aeg-event-type": "Notification"}


@pytest.fixture
def environment(monkeypatch, running_azurite, blobs):
    """Settings that work for storage; the ACS resource is never asked here."""
    for name, value in {
        "CHAT_STORAGE": running_azurite.connection_string,
        "ACS_CONNECTION_STRING": "endpoint=https://127.0.0.1:1/;accesskey=a2V5",
        "SWEEP_SCHEDULE": "0 0 0 1 1 *",
        "QUIET_FOR": "0s",
    }.items():
        monkeypatch.setenv(name, value)
    current_app.cache_clear()
    yield
    current_app.cache_clear()


@pytest.fixture(params=WORKERS)
async def worker(request, environment):
    # An app can be indexed once, so each worker gets a module of its own.
    sys.modules.pop("function_app", None)
    yield await start_worker(ROOT, request.param)
    if current_app.cache_info().currsize:
        await current_app().close()


@pytest.fixture
async def client(worker):
    async with TestClient(TestServer(routes(worker))) as client:
        yield client


async def log_of(blobs):
    container = blobs.get_container_client("chat-log")
    found = {}
    if await container.exists():
        async for name in container.list_blob_names():
            found[name] = await (await container.download_blob(name)).readall()
    return found


async def test_all_four_functions_are_indexed(worker):
    types = {name: one.type for name, one in worker.triggers.items()}

    assert types == {
        "archive_chat_event": "eventGridTrigger",
        "archive_queued_event": "queueTrigger",
        "sweep_inactive_threads": "timerTrigger",
        "finalize_thread": "queueTrigger",
    }
    for name, queue in {
        "finalize_thread": "threads-to-finalize",
        "archive_queued_event": "chat-events",
    }.items():
        binding = worker.triggers[name].binding
        assert (binding["queueName"], binding["connection"]) == (queue, "CHAT_STORAGE")
    timer = worker.triggers["sweep_inactive_threads"].binding
    assert (timer["schedule"], timer["runOnStartup"]) == ("%SWEEP_SCHEDULE%", False)


async def test_a_delivery_is_accepted_once_it_is_in_the_log(client, blobs):
    answer = await client.post(WEBHOOK, json=[received()], headers=NOTIFICATION)

    assert answer.status == 202
    (data,) = (await log_of(blobs)).values()
    assert json.loads(data)["event"] == received()


async def test_cloud_events_come_alone(client, blobs):
    event = received(schema="cloudevents")

    answer = await client.post(WEBHOOK, json=event, headers=NOTIFICATION)

    assert answer.status == 202
    assert len(await log_of(blobs)) == 1


async def test_many_events_in_one_delivery_are_many_records(client, blobs):
    events = [received(number) for number in range(50)]

    answer = await client.post(WEBHOOK, json=events, headers=NOTIFICATION)

    assert answer.status == 202
    (data,) = (await log_of(blobs)).values()
    assert data.count(b"\n") == 50


async def test_a_wrong_setting_fails_every_call_and_hides_no_function(
    client, worker, monkeypatch
):
    monkeypatch.setenv("QUIET_FOR", "a while")
    current_app.cache_clear()

    answer = await client.post(WEBHOOK, json=[received()], headers=NOTIFICATION)

    assert answer.status == 500
    assert "QUIET_FOR" in await answer.text()
    assert len(worker.triggers) == 4


@pytest.mark.parametrize(
    ("query", "headers", "body", "status"),
    [
        ("?functionName=nobody", NOTIFICATION, b"[]", 404),
        ("?functionName=finalize_thread", NOTIFICATION, b"[]", 404),
        ("", NOTIFICATION, b"[]", 404),
        ("?functionName=archive_chat_event", {}, b"[]", 400),
        ("?functionName=archive_chat_event", {"aeg-event-type": "X"}, b"[]", 400),
        (
            "?functionName=archive_chat_event",
            {"aeg-event-type": "Unsubscribe"},
            b"[]",
            202,
        ),
        ("?functionName=archive_chat_event", NOTIFICATION, b"garbage", 500),
        ("?functionName=archive_chat_event", NOTIFICATION, b"[1]", 500),
        ("?functionName=archive_chat_event", NOTIFICATION, b"[]", 202),
    ],
)
async def test_the_webhook_answers_as_the_real_one(
    client, query, headers, body, status
):
    answer = await client.post(
        f"/runtime/webhooks/EventGrid{query}", data=body, headers=headers
    )

    assert answer.status == status


async def test_the_hand_shake_of_the_event_grid_schema(client):
    event = {"data": {"validationCode": "123"}}

    answer = await client.post(
        WEBHOOK, json=[event], headers={"aeg-event-type": "SubscriptionValidation"}
    )

    assert answer.status == 200
    assert await answer.json() == {"validationResponse": "123"}


async def test_the_hand_shakes_of_cloud_events(client):
    known = await client.options(
        WEBHOOK, headers={"WebHook-Request-Origin": "eventgrid.azure.us"}
    )
    other = await client.options(WEBHOOK, headers={"WebHook-Request-Origin": "evil"})
    posted = await client.post(
        WEBHOOK,
        json={"data": json.dumps({"validationCode": "123"})},
        headers={"aeg-event-type": "SubscriptionValidation"},
    )

    assert known.headers["Webhook-Allowed-Origin"] == "eventgrid.azure.us"
    assert other.headers["Webhook-Allowed-Origin"] == "eventgrid.azure.net"
    assert await posted.json() == {"validationResponse": "123"}


async def test_the_admin_api_invokes_by_hand(client, blobs):
    accepted = await client.post(
        "/admin/functions/archive_chat_event", json={"input": json.dumps(received())}
    )
    unknown = await client.post("/admin/functions/nobody", json={"input": ""})
    empty = await client.post("/admin/functions/archive_chat_event", data="null")

    assert (accepted.status, unknown.status, empty.status) == (202, 404, 400)
    async with asyncio.timeout(10):
        while not await log_of(blobs):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("switch", "function", "value", "status", "off"),
    [
        (DISABLED[0], "archive_chat_event", "true", 404, ["archive_chat_event"]),
        (DISABLED[1], "archive_chat_event", "1", 404, ["archive_chat_event"]),
        (DISABLED[0], "archive_chat_event", "false", 202, []),
        (DISABLED[0], "finalize_thread", "True", 202, ["finalize_thread"]),
    ],
)
async def test_a_function_that_is_switched_off_hears_no_webhook(
    client, monkeypatch, switch, function, value, status, off
):
    monkeypatch.setenv(switch.format(function), value)

    answer = await client.post(WEBHOOK, json=[], headers=NOTIFICATION)

    assert answer.status == status
    listed = await (await client.get("/admin/functions")).json()
    assert [one["name"] for one in listed if one["isDisabled"]] == off


@pytest.mark.parametrize("is_off", [False, True])
async def test_a_queue_waits_while_its_function_is_switched_off(
    environment, monkeypatch, running_azurite, blobs, is_off
):
    sys.modules.pop("function_app", None)
    override = "AzureFunctionsJobHost__extensions__queues__maxPollingInterval"
    monkeypatch.setenv(override, "00:00:00.1")
    monkeypatch.setenv("AzureWebJobs_archive_queued_event_Disabled", str(is_off))
    (port,) = free_ports(1)
    queue = QueueClient.from_connection_string(
        running_azurite.connection_string, "chat-events"
    )
    async with queue, host(ROOT, port=port, worker_kind="library"):
        await queue.create_queue()
        await queue.send_message(encoded(json.dumps(received())))
        async with asyncio.timeout(20):
            while not (is_off or await log_of(blobs)):
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        left = (await queue.get_queue_properties()).approximate_message_count
        await queue.delete_queue()

    assert (left, len(await log_of(blobs))) == ((1, 0) if is_off else (0, 1))
    if current_app.cache_info().currsize:
        await current_app().close()


async def test_the_admin_api_says_what_runs(client):
    status = await (await client.get("/admin/host/status")).json()
    functions = await (await client.get("/admin/functions")).json()
    one = await client.get("/admin/functions/finalize_thread/status")
    other = await client.get("/admin/functions/nobody/status")

    assert status["state"] == "Running"
    assert len(functions) == 4
    assert (one.status, other.status) == (200, 404)


async def test_sweep_and_finalize_run_through_the_librarys_converters(
    client, worker, blobs, running_azurite
):
    """No chat service answers here, so finalizing is transient, and says so."""
    events = [thread_created(), received()]
    await client.post(WEBHOOK, json=events, headers=NOTIFICATION)
    await worker.invoke(
        "sweep_inactive_threads", Payload("json", '{"IsPastDue":true}'), {}
    )

    queue = QueueClient.from_connection_string(
        running_azurite.connection_string, "threads-to-finalize"
    )
    async with queue:
        (message,) = [one async for one in queue.receive_messages()]
        await queue.clear_messages()
    work = base64.b64decode(message.content).decode()
    assert json.loads(work)["thread_id"] == THREAD
    with pytest.raises(InvocationFailed, match="Transient"):
        await worker.invoke(
            "finalize_thread",
            Payload("string", work),
            {"Id": Payload("string", "x"), "DequeueCount": Payload("json", "1")},
        )


async def test_a_queue_message_that_names_no_thread_is_refused(worker):
    with pytest.raises(InvocationFailed, match="InvalidEvent"):
        await worker.invoke("finalize_thread", Payload("string", "garbage"), {})


QUEUED = {"Id": Payload("string", "x"), "DequeueCount": Payload("json", "1")}


@pytest.mark.parametrize("kind", ["string", "bytes"])
async def test_a_queued_event_is_recorded_as_it_came(worker, blobs, kind):
    text = json.dumps(received(body="größer 2026-11-26T10:00:00+05:30"))
    value = text if kind == "string" else text.encode()

    await worker.invoke("archive_queued_event", Payload(kind, value), QUEUED)

    (data,) = (await log_of(blobs)).values()
    assert text.encode() in data


@pytest.mark.parametrize("garbage", ["", "garbage", b"\xff"])
async def test_a_queued_event_that_cannot_be_read_is_quarantined_once(
    worker, blobs, garbage, caplog
):
    kind = "string" if isinstance(garbage, str) else "bytes"

    await worker.invoke("archive_queued_event", Payload(kind, garbage), QUEUED)

    (path,) = await log_of(blobs)
    assert path.startswith("quarantine/")
    assert "event quarantined: not " in caplog.text


async def test_a_queued_event_that_is_not_durable_is_not_acknowledged(
    worker, monkeypatch
):  # P1
    monkeypatch.setenv("CHAT_STORAGE", "UseDevelopmentStorage=x")
    current_app.cache_clear()

    with pytest.raises(InvocationFailed):
        await worker.invoke(
            "archive_queued_event", Payload("string", json.dumps(received())), QUEUED
        )


class Recorder:
    """A worker that fails as often as it is told to."""

    def __init__(self, failures=0):
        self.failures = failures
        self.calls = []
        trigger = Trigger(
            function="f",
            argument="message",
            type="queueTrigger",
            binding={"connection": "CHAT_STORAGE", "queueName": ""},
        )
        self.triggers = {"f": trigger}

    async def invoke(self, name, payload, metadata):
        self.calls.append((payload.value, metadata["DequeueCount"].value))
        if len(self.calls) <= self.failures:
            raise InvocationFailed("on purpose")


@pytest.fixture
async def listen(environment, fresh_name, running_azurite):
    """Run a listener on a queue with these messages; give what became of them."""

    async def run(worker, *contents, until):
        trigger = worker.triggers["f"]
        trigger.binding["queueName"] = fresh_name
        options = QueueOptions(
            batch_size=16,
            max_dequeue_count=3,
            max_polling_interval=0.1,
            visibility_timeout=0,
        )
        connect = QueueClient.from_connection_string
        text = running_azurite.connection_string
        async with (
            connect(text, fresh_name) as queue,
            connect(text, f"{fresh_name}-poison") as poison,
        ):
            await queue.create_queue()
            for content in contents:
                await queue.send_message(content)
            task = asyncio.create_task(QueueListener(worker, trigger, options).run())
            async with asyncio.timeout(20):
                while not await until(poison):
                    await asyncio.sleep(0.05)
            await asyncio.sleep(0.3)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            left = (await queue.get_queue_properties()).approximate_message_count
            return left, await poisoned(poison)

    return run


async def poisoned(poison):
    try:
        return [one.content async for one in poison.receive_messages()]
    except ResourceNotFoundError:
        return []


def encoded(text):
    return base64.b64encode(text.encode()).decode()


async def test_a_message_that_is_handled_is_gone(listen):
    worker = Recorder()

    async def called(_):
        return worker.calls

    left, poison = await listen(worker, encoded("work"), until=called)

    assert worker.calls == [("work", "1")]
    assert (left, poison) == (0, [])


async def test_a_message_that_fails_comes_again(listen):
    worker = Recorder(failures=2)

    async def called_three_times(_):
        return len(worker.calls) == 3

    left, poison = await listen(worker, encoded("work"), until=called_three_times)

    assert worker.calls == [("work", "1"), ("work", "2"), ("work", "3")]
    assert (left, poison) == (0, [])


@pytest.mark.parametrize("ending", ["done", "failed"])
async def test_a_message_that_another_host_took_meanwhile_is_left_to_it(
    listen, running_azurite, fresh_name, ending, caplog
):
    worker = Recorder()

    async def freezes(name, payload, metadata):
        worker.calls.append(payload.value)
        text = running_azurite.connection_string
        held = metadata["Id"].value, metadata["PopReceipt"].value
        async with QueueClient.from_connection_string(text, fresh_name) as queue:
            await queue.update_message(*held, visibility_timeout=60)
        if ending == "failed":
            raise InvocationFailed("on purpose")

    worker.invoke = freezes

    async def called(_):
        return worker.calls

    left, poison = await listen(worker, encoded("work"), until=called)

    assert worker.calls == ["work"]
    assert (left, poison) == (1, [])
    gc.collect()  # a task that failed unseen says so when it goes
    assert "never retrieved" not in caplog.text


async def test_a_message_that_never_works_is_poison_and_stops_no_other(listen):
    worker = Recorder()

    async def fails(name, payload, metadata):
        worker.calls.append(payload.value)
        if payload.value == "bad":
            raise InvocationFailed("on purpose")

    worker.invoke = fails

    async def enough(_):
        return worker.calls.count("bad") == 3

    left, poison = await listen(worker, encoded("bad"), encoded("good"), until=enough)

    assert worker.calls.count("good") == 1
    assert (left, poison) == (0, [encoded("bad")])


def test_settings_in_bindings_are_resolved(monkeypatch):
    monkeypatch.setenv("A", "x")

    assert resolve("0 %A% %A%") == "0 x x"
    with pytest.raises(MissingSetting):
        resolve("%NOT_SET_ANYWHERE%")


async def test_a_timer_runs_on_its_schedule(monkeypatch):
    ticks = asyncio.Queue()

    class Ticking:
        async def invoke(self, name, payload, metadata):
            await ticks.put(payload.value)
            raise InvocationFailed("a failure does not stop the schedule")

    trigger = Trigger(
        function="f", argument="t", type="timerTrigger", binding={"schedule": "%S%"}
    )
    monkeypatch.setenv("S", "* * * * * *")
    task = asyncio.create_task(TimerListener(Ticking(), trigger).run())
    async with asyncio.timeout(10):
        first, _ = await ticks.get(), await ticks.get()
    task.cancel()

    assert json.loads(first)["IsPastDue"] is False


@pytest.mark.parametrize("schedule", ["*/5 * * * *", "never", "61 * * * * *"])
def test_a_wrong_schedule_is_told_at_start(monkeypatch, schedule):
    monkeypatch.setenv("S", schedule)
    trigger = Trigger(
        function="f", argument="t", type="timerTrigger", binding={"schedule": "%S%"}
    )

    with pytest.raises(ValueError, match="six-field"):
        TimerListener(object(), trigger)


def test_python_3_13_runs_the_workers_own_code():
    assert ("runtime" in WORKERS) == (sys.version_info >= (3, 13))
    assert RuntimeWorker.__doc__
