"""`doctor` as its users run it: on Azurite, the chat service, and a stand-in for Azure."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient
from click.testing import CliRunner

from builders import received, to_log
from fake_az import NOT_LOGGED_IN, fake_az
from local.stack import chat_service
from management import management
from shared.bootstrap.installation import own_lock
from shared.cli.main import main
from shared.domain import layout
from shared.usecases.inventory.sweep_log import SweepLine, encode_line
from subscriptions import ACCOUNT_ID, TOPIC_ID, by_queue

pytestmark = pytest.mark.azurite

ROOT = Path(__file__).parents[2]
CONTAINERS = (
    "chat-log",
    "chat-archive",
    "chat-control",
    "dead-letter",
    "chat-insights",
)
QUEUES = (
    "threads-to-finalize",
    "threads-to-finalize-poison",
    "chat-events",
    "chat-events-poison",
)
RUN = (
    "import functools, sys, shared.cli.doctor as doctor\n"
    "address = sys.argv.pop(1)\n"
    "doctor.open_doctor = functools.partial(doctor.open_doctor, management=address)\n"
    "from shared.cli.main import main\n"
    "main()\n"
)
"""The command, with Azure's management interface elsewhere: no option says so."""


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    """A chat service, and a user of it who is still there."""
    folder = tmp_path_factory.mktemp("estate")
    file = folder / "truth.json"
    with chat_service(folder, ["--estate", "2x4", "--truth-file", str(file)]) as chat:
        truth = json.loads(file.read_text())
        living = [user for user in truth["users"] if user not in truth["gone"]]
        yield chat, living[0]


class Account:
    def __init__(self, connection_string):
        self.connection_string = connection_string
        self.blobs = BlobServiceClient.from_connection_string(connection_string)
        self.queues = QueueServiceClient.from_connection_string(connection_string)
        self.clear()

    def clear(self):
        for container in self.blobs.list_containers():
            self.blobs.delete_container(container.name)
        for queue in self.queues.list_queues():
            self.queues.delete_queue(queue.name)

    def deploy(self):
        for name in CONTAINERS:
            self.blobs.create_container(name)
        for name in QUEUES:
            self.queues.create_queue(name)

    def append(self, container, path, data):
        blob = self.blobs.get_blob_client(container, path)
        blob.create_append_blob()
        blob.append_block(data)

    def note_event(self):
        stem = layout.segment_stem("19:a@thread.v2", datetime.now(UTC).date())
        self.append("chat-log", layout.segment_path(stem, 0), to_log(received()))

    def note_sweep(self, **facts):
        now = datetime.now(UTC)
        line = SweepLine(
            on=now,
            threads=1,
            queued=0,
            closed_blobs=0,
            pruned_segments=0,
            failures=0,
            next_due_on=now + timedelta(minutes=15),
            python="3.13.2",
            lock=own_lock(ROOT).digest,
        )
        path = layout.segment_path(layout.sweeps_stem(now.date()), 0)
        self.append("chat-control", path, encode_line(replace(line, **facts)))

    def all_of_it(self):
        """Return whatever stands in the account, to be compared."""
        blobs = {
            (container.name, blob.name, str(blob.etag))
            for container in self.blobs.list_containers()
            for blob in self.blobs.get_container_client(container.name).list_blobs()
        }
        queues = {}
        for queue in self.queues.list_queues():
            client = self.queues.get_queue_client(queue.name)
            with suppress(ResourceNotFoundError):
                messages = client.peek_messages(32)
                queues[queue.name] = [(m.id, m.dequeue_count) for m in messages]
        return {c.name for c in self.blobs.list_containers()}, blobs, queues


@pytest.fixture
def account(running_azurite):
    account = Account(running_azurite.connection_string)
    yield account
    account.clear()


@pytest.fixture
def ask(account, estate, tmp_path):
    """Run the command as a process; return its status, its text and its errors."""
    chat, reader = estate
    fake_az(tmp_path / "bin")

    def ask(*arguments, azure="", **env):
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", RUN, azure, "doctor", *arguments],
            cwd=tmp_path,
            env={
                "PYTHONPATH": str(ROOT),
                "PATH": str(tmp_path / "bin"),
                "SYSTEMROOT": os.environ.get("SYSTEMROOT", ""),
                "HOME": str(tmp_path),
                "AZURE_TOKEN_CREDENTIALS": "dev",
                "CHAT_STORAGE": account.connection_string,
                "ACS_READER_IDS": reader,
                **chat.environment,
                **env,
            },
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert time.monotonic() - started < 30
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return ask


def lines_of(text):
    """Return the verdict and the rest of each line, by the name of what it is about."""
    found = re.findall(
        r"^(ok|warning|failure|not checked) +(\S+(?: \S+)*)  +(.*)$", text, re.MULTILINE
    )
    return {name: (verdict, rest) for verdict, name, rest in found}


async def test_everything_is_well_and_stays_as_it_is(account, ask):
    account.deploy()
    account.note_event()
    account.note_sweep()
    account.queues.get_queue_client("chat-events").send_message("waits")
    before = account.all_of_it()
    async with management() as azure:
        azure.items = [by_queue(ACCOUNT_ID.replace("acme", "localaccount"))]

        status, text, errors = await asyncio.to_thread(
            ask, azure=azure.address, EVENT_TOPIC_ID=TOPIC_ID
        )

    assert account.all_of_it() == before
    assert {method for method, _, _ in azure.asked} == {"GET"}
    found = lines_of(text)
    assert {verdict for verdict, _ in found.values()} == {"ok"}, text
    assert found["packages"][1].endswith("packages as locked")
    assert found["chat token"][1] == "issued for the first reader"
    assert found["queue chat-events"][1] == "1 message waiting"
    assert found["event subscription"][1] == "it delivers by queue"
    assert text.splitlines()[-1] == "26 ok, 0 warnings, 0 failures, 0 not checked"
    assert (status, errors) == (0, "")


def test_an_empty_account_stays_empty(account, ask):
    status, text, _ = ask()

    assert account.all_of_it() == (set(), set(), {})
    found = lines_of(text)
    assert found["container chat-log"][0] == "warning"
    assert found["newest event"][0] == "not checked"
    assert found["event subscription"][0] == "not checked"
    assert status == 0


async def test_what_the_subscription_lacks_is_a_failure(account, ask):
    account.deploy()
    item = by_queue(ACCOUNT_ID.replace("acme", "localaccount"))
    item["properties"]["filter"]["includedEventTypes"].pop(0)
    item["properties"]["deadLetterWithResourceIdentity"] = None
    async with management() as azure:
        azure.items = [item]

        status, text, _ = await asyncio.to_thread(
            ask, "--event-topic-id", TOPIC_ID, azure=azure.address
        )

    found = lines_of(text)
    assert found["event types"][0] == "failure"
    assert "ChatMessageReceivedInThread" in found["event types"][1]
    assert found["dead-lettering"][0] == "failure"
    assert text.count("azd hooks run postdeploy") >= 2
    assert status == 1


def test_wrong_keys(account, ask, estate):
    chat, _ = estate
    acs = chat.environment["ACS_CONNECTION_STRING"]
    status, text, errors = ask(
        CHAT_STORAGE=re.sub(
            "AccountKey=[^;]+", "AccountKey=a2V5", account.connection_string
        ),
        ACS_CONNECTION_STRING=re.sub("accesskey=[^;]+", "accesskey=a2V5", acs),
    )

    found = lines_of(text)
    failed = {name for name, (verdict, _) in found.items() if verdict == "failure"}
    assert failed == {"storage", "chat service"}
    assert found["clock"][0] == "ok"
    assert "a2V5" not in text + errors
    assert status == 1


def test_a_version_that_the_service_does_not_speak(account, ask):
    _, text, _ = ask("--acs-chat-api-version", "2031-01-01")

    assert lines_of(text)["chat version"][0] == "warning"


def test_what_needs_attention_has_its_command(account, ask):
    account.deploy()
    account.note_sweep(
        next_due_on=datetime.now(UTC) - timedelta(hours=1), lock="of another lock"
    )
    account.append("chat-log", "quarantine/2026-01-01.jsonl", b"{}\n")
    account.append("dead-letter", "topic/1.json", b"[]")
    account.queues.get_queue_client("chat-events-poison").send_message("x")

    status, text, _ = ask()

    found = lines_of(text)
    assert found["sweep"][0] == "failure"
    for name in ("packages", "quarantine", "dead letters", "queue chat-events-poison"):
        assert found[name][0] == "warning", name
    assert text.count("chat-archive redeliver --execute") == 3
    assert "azd deploy" in text
    assert status == 1


def test_nothing_can_be_reached(account, ask):
    away = re.sub(r":\d+/", ":1/", account.connection_string)

    status, text, errors = ask(
        CHAT_STORAGE=away,
        ACS_CONNECTION_STRING="endpoint=https://127.0.0.1:1/;accesskey=a2V5",
    )

    failed = {name for name, found in lines_of(text).items() if found[0] == "failure"}
    assert failed == {"storage", "chat service"}
    assert (status, errors) == (1, "")


def test_nobody_is_signed_in_is_one_sentence_after_what_could_be_seen(ask, tmp_path):
    fake_az(tmp_path / "bin", error=NOT_LOGGED_IN)

    status, text, errors = ask("https://127.0.0.1:1/chat-archive")

    assert lines_of(text)["sign-in"][0] == "failure"
    assert "az login" in text
    assert errors.count("\n") == 1
    assert errors.startswith("Error: Nobody is signed in to Azure")
    assert "az login" in errors
    assert status == 2


def test_json_is_one_object_with_every_check(account, ask):
    account.deploy()

    status, text, _ = ask("--json")

    told = json.loads(text)
    assert [*told] == ["checks", "sums"]
    assert [*told["checks"][0]] == ["name", "verdict", "text", "fix"]
    assert told["sums"]["ok"] == sum(c["verdict"] == "ok" for c in told["checks"])
    assert set(told["sums"]) == {"ok", "warning", "failure", "not_checked"}
    assert status == 0


def test_a_folder_with_an_index_that_is_older(folder, run, monkeypatch):
    run("index", folder)
    assert "as new as the archive" in run("doctor", folder)
    run(
        "hold",
        "add",
        "--not-yet-archived",
        "--thread",
        "19:x@thread.v2",
        "--reason",
        "r",
        folder,
    )

    text = run("doctor", folder)

    assert lines_of(text)["index"][0] == "warning"
    assert f"chat-archive index {folder}" in text


def test_the_verdict_is_in_colour_on_a_terminal(folder):
    done = CliRunner().invoke(main, ["doctor", str(folder)], color=True)

    first = done.stdout.splitlines()[0]
    assert first.startswith("\x1b[32m\x1b[1mok\x1b[0m")
