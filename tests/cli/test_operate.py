"""`status` and `redeliver` on a real storage account."""

import json
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
        line = encode_quarantined(json.dumps(received(1)), NOON, "a reason")
        append(log, layout.segment_path(stem, 0), line)
        letters.upload_blob("topic/1.json", json.dumps([received(2)]))
        yield service


@pytest.fixture
def poison(running_azurite, account):
    """Return the queue of threads that failed too often, which is empty."""
    queue = QueueClient.from_connection_string(
        running_azurite.connection_string, layout.POISON_QUEUE
    )
    with queue:
        queue.create_queue()
        yield queue
        queue.delete_queue()


def note_sweep(account, **facts):
    """Write the line of a sweep that is done, as the last one."""
    counts = {"threads": 9, "queued": 3, "closed_days": 0, "pruned_segments": 0}
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
        "LOOK: no sweep has ever run",
    ]
    assert "threads in the log  1" in text
    assert "last sweep          never" in text


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


@pytest.mark.parametrize("command", ["status", "redeliver"])
def test_a_folder_has_nothing_to_operate(run, tmp_path, command):
    assert "name the storage account" in run(command, str(tmp_path), status=2)


def test_a_span_that_is_none_is_refused_with_what_to_write(run):
    assert "such as 90s" in run("status", "--quiet-for", "soon", status=2)
