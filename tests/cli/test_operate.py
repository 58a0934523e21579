"""`status` and `redeliver` on a real storage account."""

import base64
import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient
from click.testing import CliRunner

from builders import NOON, THREAD, received, to_log
from shared.cli.main import main
from shared.domain import layout
from shared.domain.log.record import encode_quarantined
from shared.usecases.inventory.sweep_log import SweepLine, encode_line

pytestmark = pytest.mark.azurite
TODAY = NOON.date()


@pytest.fixture
def account(running_azurite):
    """A storage account with an event in the log, one in quarantine, one dead."""
    service = BlobServiceClient.from_connection_string(
        running_azurite.connection_string
    )
    with service:
        for one in service.list_containers():
            service.delete_container(one.name)
        log = service.create_container(layout.LOG)
        letters = service.create_container(layout.DEAD_LETTER)
        stem = layout.segment_stem(THREAD, TODAY)
        append(log, layout.segment_path(stem, 0), to_log(received()))
        stem = layout.quarantine_stem(THREAD, TODAY)
        line = encode_quarantined(json.dumps(received(1)), NOON, "a reason", bytes(16))
        append(log, layout.segment_path(stem, 0), line)
        letters.upload_blob("topic/1.json", json.dumps([received(2)]))
        yield service


@pytest.fixture
def new_queue(running_azurite, account):
    """Make queues that are empty, and gone afterwards."""
    with ExitStack() as queues:

        def make(name):
            queue = queues.enter_context(
                QueueClient.from_connection_string(
                    running_azurite.connection_string, name
                )
            )
            queue.create_queue()
            queues.callback(queue.delete_queue)
            return queue

        yield make


@pytest.fixture
def poison(new_queue):
    """Return the queue of threads that failed too often, which is empty."""
    return new_queue(layout.POISON_QUEUE)


@pytest.fixture
def events_poison(new_queue):
    """Return the queue of events that failed too often, which is empty."""
    return new_queue(layout.EVENTS_POISON_QUEUE)


def note_sweep(account, **facts):
    """Write the line of a sweep that is done, as the last one."""
    counts = {"threads": 9, "queued": 3, "closed_blobs": 0, "pruned_segments": 0}
    line = SweepLine(**{"on": NOON, **counts, "failures": 0, **facts})
    path = layout.segment_path(layout.sweeps_stem(datetime.now(UTC).date()), 0)
    append(account.create_container(layout.CONTROL), path, encode_line(line))


def append(container, path, data):
    blob = container.get_blob_client(path)
    blob.create_append_blob()
    blob.append_block(data)


@pytest.fixture
def run(running_azurite):
    def run(*arguments, status=0):
        env = {"CHAT_STORAGE": running_azurite.connection_string}
        result = CliRunner(env=env).invoke(main, list(arguments))
        assert result.exit_code == status, result.output
        return result.output

    return run


def test_the_status_says_first_what_needs_somebody(run, account):
    text = run("status", status=1)

    assert text.splitlines()[:3] == [
        "LOOK: 1 event in quarantine",
        "LOOK: 1 file of dead-lettered events",
        "LOOK: no sweep in the last 32 days",
    ]
    assert "threads in the log  1" in text
    assert "last sweep          never" in text
    assert "its delay           0:00:00" in text


def test_the_status_for_programs_is_one_object(run, account, poison):
    note_sweep(account)
    poison.send_message("x")

    value = json.loads(run("status", "--json", status=1))

    assert (value["threads"], value["poisoned"], value["queued"]) == (1, 1, 0)
    assert value["last_sweep"]["queued"] == 3
    assert value["ingest_lag"] == pytest.approx(-0.12, abs=0.01)


def test_a_thread_that_failed_too_often_needs_attention(run, account, poison):
    for container in (layout.LOG, layout.DEAD_LETTER):
        account.delete_container(container)
    note_sweep(account)
    assert "LOOK" not in run("status")

    poison.send_message("x")

    (look,) = [line for line in run("status", status=1).splitlines() if "LOOK" in line]
    assert "could not be finalized" in look


def test_an_event_that_failed_too_often_needs_attention(
    run, account, new_queue, events_poison
):
    for container in (layout.LOG, layout.DEAD_LETTER):
        account.delete_container(container)
    note_sweep(account)
    new_queue(layout.EVENTS_QUEUE).send_message("waits")
    assert "events queued       1" in run("status")

    events_poison.send_message("x")
    events_poison.send_message("y")

    text = run("status", status=1)
    assert "LOOK: 2 events on the queue chat-events-poison" in text
    assert "events on poison    2" in text
    value = json.loads(run("status", "--json", status=1))
    assert (value["queued_events"], value["poisoned_events"]) == (1, 2)


def test_a_sweep_with_failures_needs_attention(run, account):
    for container in (layout.LOG, layout.DEAD_LETTER):
        account.delete_container(container)
    note_sweep(account, failures=2)

    (look,) = [line for line in run("status", status=1).splitlines() if "LOOK" in line]
    assert "failed in the last sweep" in look


def test_a_sweep_that_did_not_come_needs_attention(run, account, poison):
    for container in (layout.LOG, layout.DEAD_LETTER):
        account.delete_container(container)
    note_sweep(account, next_due_on=datetime.now(UTC) - timedelta(hours=1))

    (look,) = [line for line in run("status", status=1).splitlines() if "LOOK" in line]
    assert "no sweep since the one that was due on" in look


def test_redeliver_says_what_there_is_and_ingests_it_on_demand(run, account):
    plan = run("redeliver")
    assert "quarantine: 1 event can be redelivered" in plan
    assert "Give --execute" in plan

    done = run("redeliver", "--execute")

    assert "dead letters: 1 event redelivered, 0 still unreadable, 1 of 1 file" in done
    container = account.get_container_client(layout.LOG)
    segment = layout.segment_path(layout.segment_stem(THREAD, TODAY), 0)
    assert container.download_blob(segment).readall().count(b"\n") == 3
    assert "quarantine: 0 events" in run("redeliver")


def test_redeliver_takes_queued_events_from_their_poison_queue(
    run, account, events_poison
):
    account.delete_container(layout.DEAD_LETTER)
    by_event_grid = json.dumps(received(3, schema="cloudevents"))
    by_a_person = json.dumps([received(4), received(5)])
    events_poison.send_message(base64.b64encode(by_event_grid.encode()).decode())
    events_poison.send_message(by_a_person)

    plan = run("redeliver")
    assert "events on poison: 3 events can be redelivered" in plan
    assert "0 of 2 messages removed" in plan
    assert events_poison.get_queue_properties().approximate_message_count == 2

    done = run("redeliver", "--execute")

    assert "events on poison: 3 events redelivered, 0 still unreadable, 2 of 2" in done
    container = account.get_container_client(layout.LOG)
    segment = layout.segment_path(layout.segment_stem(THREAD, TODAY), 0)
    assert container.download_blob(segment).readall().count(b"\n") == 5
    assert events_poison.peek_messages() == []


def test_a_plan_says_that_a_queue_shows_its_first_messages_only(
    run, account, events_poison
):
    for number in range(35):
        events_poison.send_message(json.dumps(received(number)))

    plan = run("redeliver")

    assert "events on poison: at least 32 events can be redelivered" in plan
    assert "About 3 messages more" in plan


def test_a_poisoned_message_that_cannot_be_read_goes_to_quarantine(
    run, account, events_poison
):
    events_poison.send_message("neither base64 nor JSON")

    done = run("redeliver", "--execute", status=1)

    assert "events on poison: 0 events redelivered, 1 still unreadable, 1 of 1" in done
    assert "1 x not JSON" in done
    assert "LOOK: 1 event in quarantine" in run("status", status=1)


@pytest.mark.parametrize("command", ["status", "redeliver"])
def test_a_folder_has_nothing_to_operate(run, tmp_path, command):
    (tmp_path / "ledger").mkdir()
    assert "name the storage account" in run(command, str(tmp_path), status=2)


def test_a_span_that_is_none_is_refused_with_what_to_write(run):
    assert "such as 90s" in run("status", "--quiet-for", "soon", status=2)
