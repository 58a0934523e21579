"""Every command and every trigger on accounts as their users have them.

Somebody may begin anywhere: with an account that has nothing, without the right to make
a container, with events alone, or with archives that were copied there.
"""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient
from click.testing import CliRunner
from fault_proxy import fault_proxy

from builders import NOON, received, thread_created, to_log
from local.ports import free_ports
from local.stack import FAST, Part, call, chat_service, wait_for, webhook_url
from shared.cli.main import main
from shared.domain import layout
from shared.domain.log.commitment import sha256
from shared.domain.log.work import Work, encode_work
from shared.usecases.capture.handle_work import BACK_AFTER

pytestmark = [pytest.mark.e2e, pytest.mark.azurite]

ROOT = Path(__file__).parents[2]
KINDS = ("empty", "closed", "events", "archives")
CONTAINERS = (layout.LOG, layout.ARCHIVE, layout.CONTROL, layout.DEAD_LETTER)
QUEUES = (layout.FINALIZE_QUEUE, layout.POISON_QUEUE)
NOBODY = "19:nobody@thread.v2"
HOLD_NOBODY = ("hold", "add", "--not-yet-archived", "--thread", NOBODY, "--reason", "r")


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    """A chat service with a few threads, and what its living users can read."""
    folder = tmp_path_factory.mktemp("estate")
    file = folder / "truth.json"
    with chat_service(folder, ["--estate", "5x8", "--truth-file", str(file)]) as chat:
        truth = json.loads(file.read_text())
        living = [user for user in truth["users"] if user not in truth["gone"]]
        (folder / "users.txt").write_text("\n".join(living))
        yield chat, folder / "users.txt", [*truth["full"], *truth["partial"]]


@pytest.fixture(scope="module")
def closed(running_azurite):
    """Return the account as somebody sees it who may make no container and no queue."""
    ports = re.findall(r"127\.0\.0\.1:(\d+)/", running_azurite.connection_string)
    ready: Future[list[int]] = Future()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def serve():
        options = {"seed": 1, "share": 0, "faults": []}
        async with (
            fault_proxy(int(ports[0]), **options) as (blobs, blob_port),
            fault_proxy(int(ports[1]), **options) as (queues, queue_port),
        ):
            blobs.no_new_containers = queues.no_new_containers = True
            ready.set_result([blob_port, queue_port])
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    connection_string = running_azurite.connection_string
    for real, proxied in zip(ports, ready.result(30), strict=True):
        connection_string = connection_string.replace(f":{real}/", f":{proxied}/")
    yield connection_string
    loop.call_soon_threadsafe(ended.set)
    thread.join()
    loop.close()


class Account:
    """A storage account, and what its user sees of it."""

    def __init__(self, azurite, estate, folder):
        self.chat, self.users, self.threads = estate
        self.folder = folder
        self.connection_string = azurite.connection_string
        self.blobs = BlobServiceClient.from_connection_string(self.connection_string)
        self.queues = QueueServiceClient.from_connection_string(self.connection_string)
        self.clear()

    def clear(self):
        for container in self.blobs.list_containers():
            self.blobs.delete_container(container.name)
        for queue in self.queues.list_queues():
            self.queues.delete_queue(queue.name)

    @property
    def environment(self):
        return {"CHAT_STORAGE": self.connection_string, **self.chat.environment}

    def ask(self, *arguments):
        """Run a command that needs no chat service; give its status and its text."""
        done = CliRunner(env=self.environment).invoke(main, [*arguments])
        assert isinstance(done.exception, SystemExit | None), done.exception
        assert "nobody foresaw" not in done.output
        return done.exit_code, done.output

    def backfill(self, *options):
        """Run a backfill as a process; give its status and its text."""
        users = ("--users", str(self.users))
        done = subprocess.run(
            [sys.executable, "-m", "shared.cli.main", "backfill", *users, *options],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        text = done.stdout + done.stderr
        assert "Traceback" not in text
        assert "nobody foresaw" not in text
        return done.returncode, text

    def report(self):
        status, text = self.ask("report", "--format", "json")
        return status, json.loads(text)

    def containers(self):
        return {container.name for container in self.blobs.list_containers()}

    def files(self, container, ending=""):
        client = self.blobs.get_container_client(container)
        with suppress(ResourceNotFoundError):
            return {
                name: client.download_blob(name).readall()
                for name in client.list_blob_names()
                if name.endswith(ending)
            }
        return {}

    def depth(self, queue):
        with suppress(ResourceNotFoundError):
            client = self.queues.get_queue_client(queue)
            return client.get_queue_properties().approximate_message_count
        return 0

    def queue_work(self, thread_id):
        """Put a message on the queue by hand; whoever does so makes the queue."""
        with suppress(ResourceExistsError):
            self.queues.create_queue(layout.FINALIZE_QUEUE)
        client = self.queues.get_queue_client(layout.FINALIZE_QUEUE)
        text = encode_work(Work(thread_id=thread_id, reason="by hand", relist=True))
        client.send_message(base64.b64encode(text.encode()).decode())


@pytest.fixture
def account(running_azurite, estate, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    account = Account(running_azurite, estate, tmp_path)
    yield account
    account.clear()


@pytest.fixture(params=KINDS)
def kind(request, account):
    """Prepare an account of one kind; return which."""
    if request.param == "closed":
        for name in CONTAINERS:
            account.blobs.create_container(name)
        for name in QUEUES:
            account.queues.create_queue(name)
        account.connection_string = request.getfixturevalue("closed")
    if request.param == "events":
        container = account.blobs.create_container(layout.LOG)
        thread_id = account.threads[0]
        stem = layout.segment_stem(thread_id, NOON.date())
        blob = container.get_blob_client(layout.segment_path(stem, 0))
        blob.create_append_blob()
        events = thread_created(threadId=thread_id), received(threadId=thread_id)
        blob.append_block(to_log(*events))
    if request.param == "archives":
        assert account.backfill("--here")[0] == 0
        for name in (layout.LOG, layout.CONTROL):
            account.blobs.delete_container(name)
    return request.param


NO_THREAD = r"no thread with such an id or topic\. `chat-archive list` names all"
TRIALS = {
    ("status",): (1, r"LOOK: no sweep in the last 32 days"),
    ("redeliver",): (0, r"quarantine: 0 events .*\ndead letters: 0 events"),
    ("redeliver", "--execute"): (0, r"0 of 0 files removed"),
    ("list",): (1, r"No thread is archived here"),
    ("show", NOBODY): (2, NO_THREAD),
    ("cat", NOBODY): (2, NO_THREAD),
    ("verify",): (2, r"There is no archive in .*/chat-archive"),
    ("checkpoint",): (0, r"/chat-archive\n0\n"),
    ("prove", NOBODY, "1"): (2, r"Nothing was proven: the archive knows no id"),
    ("export", "--format", "md", "--output", "out"): (
        1,
        r"Nothing was exported: no thread is archived here",
    ),
    ("export", "--package", "packed", "--all", "--reason", "r"): (
        1,
        r"no thread to pack",
    ),
    ("report",): (1, r"no backfill has looked for threads"),
    ("erase", "--participant", "8:acs:x", "--reason", "r"): (1, r"Nothing was erased"),
    ("hold", "list"): (0, r"No hold is in force"),
    ("hold", "add", "--thread", NOBODY, "--reason", "r"): (1, r"Nothing is held"),
    HOLD_NOBODY: (0, r"Hold \w+ is set"),
}
"""What each command answers where nothing is archived: its status, and a sentence."""
WITH_ARCHIVES = {
    ("report",): (
        0,
        r"Backfill “estate”, as the archive keeps it: begun .*, last ended",
    ),
    ("list",): (0, r"Case \d+"),
    ("verify",): (0, r"VERIFIED 7 threads, 7 revisions"),
    ("checkpoint",): (0, r"/chat-archive\n8\n"),
    ("export", "--format", "md", "--output", "out"): (0, r"7 threads, 7 files"),
    ("export", "--package", "packed", "--all", "--reason", "r"): (0, r"7 threads"),
}


def test_every_command_says_what_there_is_and_what_to_do(kind, account):
    expected = TRIALS | (WITH_ARCHIVES if kind == "archives" else {})
    before = account.containers()

    for arguments, (status, sentence) in expected.items():
        if arguments == HOLD_NOBODY:  # the only one here that changes anything
            assert account.containers() == before
        found, text = account.ask(*arguments)
        assert re.search(sentence, text), (arguments, text)
        assert found == status, (arguments, text)


def test_a_look_at_what_a_backfill_would_do_changes_no_archive(kind, account):
    before = account.files(layout.ARCHIVE)

    status, text = account.backfill("--dry-run")

    assert status == 0, text
    assert f"{len(account.threads)} threads of" in text
    assert "nothing was archived" in text
    assert account.files(layout.ARCHIVE) == before


def test_a_backfill_here_ends_with_every_thread_archived(kind, account):
    status, text = account.backfill("--here")

    assert status == 0, text
    check_everything_is_archived(account)
    check_the_ledger(account, kind)


def test_every_trigger_works_and_a_backfill_by_queue_ends_archived(kind, account):
    with host(account) as (url, log):
        event = received(threadId=account.threads[0], id="at-the-door")
        posted = call("POST", webhook_url(url), [event], headers=NOTIFICATION)
        assert posted[0] == 202
        call("POST", f"{url}/admin/functions/sweep_inactive_threads", {"input": ""})
        wait_until(lambda: "sweep: " in log(), "a sweep")
        account.queue_work(account.threads[1])
        status, text = account.backfill()
        assert status == 0, text

        def is_done():
            found = account.report()[1]["statuses"]
            return found["archived"] + found["partial"] == len(account.threads)

        wait_until(is_done, "every thread is archived")
        wait_until(lambda: not account.depth(layout.FINALIZE_QUEUE), "an empty queue")

    assert not re.search(r" failed[:,]|Traceback|ERROR", log().replace("0 failed", ""))
    logged = b"".join(account.files(layout.LOG, ".jsonl").values())
    assert b"at-the-door" in logged
    check_everything_is_archived(account)
    check_the_ledger(account, kind)


def test_a_right_that_is_missing_is_named_by_every_command(account, closed):
    account.connection_string = closed

    for answer in (
        account.ask(*HOLD_NOBODY),
        account.backfill(),
        account.backfill("--here"),
    ):
        assert answer[0] == 2
        assert re.search(r"Error: .*not allowed: a role is missing", answer[1])
    assert account.containers() == set()


def test_an_event_is_not_acknowledged_where_it_cannot_be_kept(account, closed):
    account.connection_string = closed
    with host(account) as (url, log):
        posted = call("POST", webhook_url(url), [received()], headers=NOTIFICATION)
        call("POST", f"{url}/admin/functions/sweep_inactive_threads", {"input": ""})
        wait_until(lambda: "sweep_inactive_threads, invoked" in log(), "a failed sweep")

    assert posted[0] == 500
    assert log().count("not allowed: a role is missing") >= 2
    assert "hello" not in log()


NOTIFICATION = {"aeg-event-type": "Notification"}


def check_everything_is_archived(account):
    status, report = account.report()
    assert (status, report["doubts"]) == (0, [])
    assert sum(report["statuses"].values()) == len(account.threads)
    status, text = account.ask("verify")
    assert status == 0, text
    assert account.depth(layout.POISON_QUEUE) == 0


def check_the_ledger(account, kind):
    """Check that each revision has its line; where its marker was lost, perhaps twice."""
    files = account.files(layout.ARCHIVE)
    lines = Counter(
        line
        for path, data in files.items()
        if path.startswith(layout.LEDGER_PREFIX)
        for line in data.splitlines()
    )
    revisions = [
        facts["manifest"]
        for facts in map(json.loads, lines)
        if facts["kind"] == "revision"
    ]
    manifests = [
        sha256(data) for path, data in files.items() if path.endswith("/manifest.json")
    ]
    assert sorted(revisions) == sorted(manifests)
    assert set(lines.values()) <= ({1, 2} if kind == "archives" else {1})


@contextmanager
def host(account):
    """Run the host on an account, with every living user as a reader."""
    (port,) = free_ports(1)
    environment = {
        **account.environment,
        **FAST,
        "ACS_READER_IDS": account.users.read_text().replace("\n", ","),
    }
    arguments = ["local.host", "--port", str(port)]
    part = Part("the host", arguments, environment, account.folder / "host.log")
    part.start()
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: call("GET", f"{url}/admin/host/status")[0] == 200, part)
        yield url, part.log.read_text
    finally:
        part.stop()


def wait_until(condition, what):
    # Two messages may name one thread; the one that finds it held comes back later.
    deadline = time.monotonic() + 60 + BACK_AFTER.total_seconds()
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.2)
