"""Events by queue: the same archives as by direct delivery, and nothing is lost."""

import base64
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from builders import (
    FIRST_ID,
    THREAD,
    deleted,
    edited,
    events_in,
    received,
    thread_created,
)
from local.demo import conversations
from local.demo.people import invite
from local.stack import stack
from shared.domain import layout

pytestmark = [pytest.mark.e2e, pytest.mark.azurite]
ROOT = Path(__file__).parents[2]
QUOTES = '"' * 27_000
"""A message that the service takes, and whose event is twice as long."""

DIGEST = re.compile(rb"\b[0-9a-f]{64}\b")
"""A commitment: it holds a record's salt, which is random."""


class Account:
    """The storage account of a stack, as its operator sees it."""

    def __init__(self, running):
        self.connection_string = running.azurite.connection_string

    def queue(self, name):
        return QueueClient.from_connection_string(self.connection_string, name)

    def depth(self, name):
        with self.queue(name) as queue:
            return queue.get_queue_properties().approximate_message_count

    def put(self, *texts):
        """Put messages on the queue of events, as they are given."""
        with self.queue(layout.EVENTS_QUEUE) as queue:
            for text in texts:
                queue.send_message(text)

    def files(self, name, suffix=""):
        with BlobServiceClient.from_connection_string(self.connection_string) as blobs:
            container = blobs.get_container_client(name)
            if not container.exists():
                return {}
            return {
                path: container.download_blob(path).readall()
                for path in container.list_blob_names()
                if path.endswith(suffix)
            }

    def events(self):
        segments = self.files(layout.LOG, ".jsonl")
        kept = [data for path, data in segments.items() if path.startswith("thread=")]
        return events_in(b"".join(kept))

    def run(self, *arguments, status=0):
        done = subprocess.run(
            [sys.executable, "-m", "shared.cli.main", *arguments],
            cwd=ROOT,
            env={**os.environ, "CHAT_STORAGE": self.connection_string},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def by_queue(tmp_path):
    """The whole stack, with events by queue; killed work comes back soon."""
    with stack(
        tmp_path / "stack", delivery="queue", host_options=["--invisible-for", "2"]
    ) as running:
        yield running, Account(running)


def wait_for(condition, *, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)
    return found


def encoded(event):
    return base64.b64encode(json.dumps(event).encode()).decode()


def archive_of(running, account):
    """Sweep until there is an archive; return what no clock and no chance decides."""
    time.sleep(1.1)

    def archived():
        running.invoke("sweep_inactive_threads")
        time.sleep(0.5)
        files = account.files(layout.ARCHIVE)
        return files if any(name.endswith("/manifest.json") for name in files) else None

    files = {name.rpartition("/")[2]: data for name, data in wait_for(archived).items()}
    lines = files["events.jsonl"].splitlines()
    events = [json.dumps(json.loads(line)["content"]) for line in lines]
    rendered = {
        name: DIGEST.sub(b"digest", data)
        for name, data in files.items()
        if name in ("messages.csv", "messages.jsonl", "transcript.html")
    }
    assert len(rendered) == 3
    return sorted(events), rendered


STORY = [thread_created()]
for number in range(10):
    STORY += [received(number, f"größer {number}"), edited(number, f"new {number}")]
    STORY += [deleted(number)] if number % 3 == 0 else []


def test_events_by_queue_give_the_archive_of_direct_delivery(by_queue, tmp_path):
    running, account = by_queue
    account.put(*map(encoded, [*reversed(STORY), *STORY]))
    wait_for(lambda: len(account.events()) == 2 * len(STORY))
    queued = archive_of(running, account)
    with stack(tmp_path / "direct") as direct:
        for event in [*STORY, *reversed(STORY)]:
            assert direct.post_events(event) == 202
        posted = archive_of(direct, Account(direct))

    assert queued == posted
    assert account.depth(layout.EVENTS_QUEUE) == 0


def test_killing_the_host_loses_no_queued_event(by_queue, tmp_path):
    running, account = by_queue
    people = invite(
        ["Amina", "Ben", "Chloé", "Yael", "Omar", "Dana", "Eli"],
        connection_string=running.acs_connection_string,
        endpoint=running.chat_url,
        ca_file=running.ca_file,
    )
    amina, ben, chloe, yael, omar, dana, eli = people
    running.misbehave(seed=7, duplicate=0.4, reorder=0.4, delay=0.3)
    conversations.support_case(amina, ben, chloe)
    running.host.kill()
    conversations.clinic(yael, omar)
    running.start_host()
    conversations.bank(dana, eli)
    running.host.kill()
    deliveries = running.deliveries(flush=True)
    assert account.depth(layout.EVENTS_QUEUE) > 0  # nobody was there, nothing is lost
    running.start_host()

    wait_for(lambda: account.depth(layout.EVENTS_QUEUE) == 0)

    kept = {event.identity for event in account.events()}
    assert len(kept) == deliveries["published"]
    assert deliveries["duplicated"] > 0
    assert deliveries["dead_lettered"] == 0
    assert "0 events" in account.run("redeliver").splitlines()[-1]


def test_a_wrong_setting_loses_no_event_and_redeliver_takes_all_back(by_queue):
    running, account = by_queue
    right = running.host.environment
    running.host.kill()
    running.host.environment = {**right, "QUIET_FOR": "a while"}
    running.start_host()
    account.put(encoded(received()), encoded(received(1, schema="cloudevents")))
    account.put(json.dumps([received(2), received(3)]))  # plain: never given out
    poison = layout.EVENTS_POISON_QUEUE
    wait_for(lambda: account.depth(layout.EVENTS_QUEUE) == 0)
    assert account.depth(poison) == 3

    running.host.kill()
    running.host.environment = right
    running.start_host()
    assert f"3 events on the queue {poison}" in account.run("status", status=1)
    account.run("redeliver", "--execute")

    assert sorted(event.message_id for event in account.events()) == [
        str(FIRST_ID + number) for number in range(4)
    ]
    assert account.depth(poison) == 0


@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
def test_an_event_too_large_for_a_message_is_redelivered(tmp_path, schema):
    options = ["--schema", schema]
    with stack(tmp_path, delivery="queue", service_options=options) as running:
        account = Account(running)
        (amina, ben) = invite(
            ["Amina", "Ben"],
            connection_string=running.acs_connection_string,
            endpoint=running.chat_url,
            ca_file=running.ca_file,
        )
        thread = amina.start("A long letter", ben)
        long = amina.say(thread, QUOTES)
        deliveries = running.deliveries(flush=True)
        wait_for(lambda: account.depth(layout.EVENTS_QUEUE) == 0)
        assert deliveries["dead_lettered"] == 1
        assert long not in {event.message_id for event in account.events()}

        said = account.run("redeliver", "--execute")

        assert "dead letters: 1 event redelivered, 0 still unreadable, 1 of 1" in said
        (event,) = [one for one in account.events() if one.message_id == long]
        assert event.data["messageBody"] == QUOTES


def test_what_is_no_event_is_quarantined_and_holds_up_nothing(by_queue):
    _, account = by_queue
    account.put(encoded("no event"), encoded(received()), encoded({"eventType": 7}))

    wait_for(lambda: account.depth(layout.EVENTS_QUEUE) == 0)

    (event,) = account.events()
    assert event.thread_id == THREAD
    kept = b"".join(account.files(layout.LOG).values())
    assert kept.count(b'"reason":') == 2


def test_where_events_come_directly_nobody_takes_from_the_queue(tmp_path):
    with stack(tmp_path / "stack") as running:
        account = Account(running)
        with account.queue(layout.EVENTS_QUEUE) as queue:
            queue.create_queue()
        account.put(encoded(received()))
        assert running.post_events(received(1)) == 202
        time.sleep(2)

        assert account.depth(layout.EVENTS_QUEUE) == 1
        assert len(account.events()) == 1
        assert "archive_queued_event: queueTrigger (disabled)" in (
            running.host.log.read_text()
        )
