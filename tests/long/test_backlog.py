"""What piles up is worked off once, and what fails for good makes little noise (P11).

Storage, queue and finalizers are real; only the sweeps' clock runs ahead.
"""

import asyncio
import json
import re
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from azure.storage.blob import BlobServiceClient

from builders import Clock, received
from local.audit import Account
from local.azurite_process import azurite
from local.host.configuration import QueueOptions
from local.host.queue_listener import QueueListener
from local.host.worker import InvocationFailed, Trigger
from local.hosts import running_hosts, wait_until
from local.stack import chat_service
from shared.bootstrap.app import App
from shared.config.settings import Settings
from shared.domain import layout
from shared.domain.errors import ArchiverError
from shared.domain.log.work import decode_work
from shared.formats import ARCHIVED
from shared.usecases.inventory.waiting import FIRST_REST, LONGEST_REST

pytestmark = [pytest.mark.long, pytest.mark.e2e, pytest.mark.azurite]

EVERY = timedelta(minutes=15)
INTERVALS = 16
THREADS = [f"19:backlog-{number}@thread.v2" for number in range(100)]


def app_on(environment):
    settings = {"SWEEP_SCHEDULE": "0 */15 * * * *", "QUIET_FOR": "0s", **environment}
    return App(Settings.from_env(settings, known_formats=ARCHIVED))


def sweep_of(app, clock):
    sweep_log = replace(app.storage.sweep_log, clock=clock)
    return replace(app.sweep, clock=clock, sweep_log=sweep_log)


@pytest.mark.timeout(300)
def test_a_backlog_of_sixteen_sweep_intervals_is_handled_once_a_thread(tmp_path):
    clock = Clock(datetime.now(UTC))

    async def pile_up():
        app = app_on(environment)
        for thread_id in THREADS:
            await app.ingest(json.dumps(received(threadId=thread_id)))
        sweep, queued = sweep_of(app, clock), []
        for _ in range(INTERVALS):
            clock.pass_time(minutes=15)
            queued.append((await sweep()).queued)
        await app.close()
        return queued

    async def sweep_once_more():
        app = app_on(environment)
        clock.pass_time(minutes=15)
        swept = await sweep_of(app, clock)()
        await app.close()
        return swept.queued

    with azurite() as storage, chat_service(tmp_path) as chat:
        environment = {
            "CHAT_STORAGE": storage.connection_string,
            **chat.environment,
        }
        account = Account(connection_string=storage.connection_string)

        queued = asyncio.run(pile_up())

        assert queued == [len(THREADS), *[0] * (INTERVALS - 1)]
        assert account.depth(layout.FINALIZE_QUEUE) == len(THREADS)
        with running_hosts(tmp_path, 2, environment) as hosts:

            def is_worked_off():
                for host in hosts:
                    host.sweep()
                return account.depth(layout.FINALIZE_QUEUE) == 0

            assert wait_until(is_worked_off, within=120)
            again = asyncio.run(sweep_once_more())
            logs = "".join(host.part.log.read_text() for host in hosts)
        found = account.audit()

    handled = Counter(re.findall(r"finalize: thread (\S+),", logs))
    assert handled == dict.fromkeys(THREADS, 1)
    assert again == 0
    assert found.manifests == {(thread_id, 1) for thread_id in THREADS}
    assert account_is_clean(found)


def account_is_clean(found):
    return found.ledger_is_right and set(found.ledger.values()) == {1}


class OwnWorker:
    """Runs the product's finalizer in this process, on the test's own clock."""

    def __init__(self, handle_work):
        self.handle_work = handle_work
        self.invocations = 0

    async def invoke(self, name, payload, metadata):
        self.invocations += 1
        try:
            await self.handle_work(
                decode_work(payload.value), tries=int(metadata["DequeueCount"].value)
            )
        except ArchiverError as error:
            raise InvocationFailed(str(error)) from error


@pytest.mark.timeout(300)
async def test_a_thread_that_fails_for_good_makes_one_poison_message_a_day(monkeypatch):
    clock = Clock(datetime.now(UTC))
    with azurite() as storage:
        monkeypatch.setenv("CHAT_STORAGE", storage.connection_string)
        app = app_on(
            {
                "CHAT_STORAGE": storage.connection_string,
                "ACS_CONNECTION_STRING": "endpoint=https://127.0.0.1:1/;accesskey=a2V5",
            }
        )
        sweep = sweep_of(app, clock)
        handle_work = replace(app.handle_work, clock=clock, sweep_log=sweep.sweep_log)
        await app.ingest(json.dumps(received()))
        break_archive(storage, received()["data"]["threadId"])
        worker = OwnWorker(handle_work)
        binding = {"connection": "CHAT_STORAGE", "queueName": layout.FINALIZE_QUEUE}
        trigger = Trigger(
            function="finalize_thread", argument="", type="", binding=binding
        )
        options = QueueOptions(
            batch_size=8,
            max_dequeue_count=5,
            max_polling_interval=0.2,
            visibility_timeout=0,
        )
        listener = asyncio.create_task(QueueListener(worker, trigger, options).run())
        poisoned = []
        ends = clock() + timedelta(days=4)
        while clock() < ends:
            clock.pass_time(minutes=15)
            swept = await sweep()
            if swept.queued:
                assert swept.queued == 1
                await emptied(app.storage.queue)
                poisoned.append(clock())
        depth = await app.storage.poison.depth()
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
        await app.close()

    assert depth == len(poisoned)
    assert worker.invocations == 5 * depth
    rests = [later - earlier for earlier, later in pairwise(poisoned)]
    for failures, rest in enumerate(rests):
        allowed = min(FIRST_REST * 2**failures, LONGEST_REST)
        assert allowed <= rest <= allowed + EVERY
    assert rests[-1] >= LONGEST_REST
    assert len(poisoned) == 8  # after 0, 1, 3, 7, 15, 31, 55 and 79 hours


def break_archive(storage, thread_id):
    """Leave a manifest that nobody can read: no try will ever succeed."""
    service = BlobServiceClient.from_connection_string(storage.connection_string)
    with service:
        archive = service.create_container(layout.ARCHIVE)
        path = layout.revision_path(thread_id, 1, layout.MANIFEST_FILE)
        archive.upload_blob(path, b"{")


async def emptied(queue):
    deadline = time.monotonic() + 30
    while await queue.depth():
        assert time.monotonic() < deadline, "the message stays"
        await asyncio.sleep(0.05)
