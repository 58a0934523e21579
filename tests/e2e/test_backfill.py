"""A backfill as its operator runs it: killed, stopped, resumed; and the report is true.

The chat service is a process with a seeded estate that throttles and fails.
"""

import base64
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from local.stack import chat_service, stack
from shared.domain import layout
from shared.domain.log.work import decode_work
from shared.domain.words import plural

ROOT = Path(__file__).parents[2]
USERS, THREADS = 40, 240
TROUBLE = ["--throttle", "0.02", "--fail", "0.02", "--retry-after", "0.05"]


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("estate")
    truth = folder / "truth.json"
    size = ["--estate", f"{USERS}x{THREADS}", "--truth-file", str(truth)]
    with chat_service(folder, [*size, *TROUBLE]) as chat:
        yield chat, json.loads(truth.read_text())


@pytest.fixture
def command(estate, tmp_path):
    """Start the command with the estate's users and what its logs tell of others."""
    chat, truth = estate
    (tmp_path / "users.txt").write_text("\n".join(truth["users"]))
    rows = [
        {"UserId": user, "ChatThreadId": thread}
        for thread, user in truth["lost"].items()
    ]
    (tmp_path / "log.json").write_text("\n".join(map(json.dumps, rows)))

    def start(*arguments, **env):
        return subprocess.Popen(
            [sys.executable, "-m", "shared.cli.main", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **chat.environment, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def storage(running_azurite, blobs):
    """What names the storage account; its queue is gone afterwards."""
    connection_string = running_azurite.connection_string
    yield {"CHAT_STORAGE": connection_string}
    queue = QueueClient.from_connection_string(connection_string, layout.FINALIZE_QUEUE)
    with queue:
        queue.delete_queue()


SEEDS = ("backfill", "--users", "users.txt", "--chat-logs", "log.json")


def ended(process, status):
    out, err = process.communicate(timeout=120)
    assert process.returncode == status, out + err
    assert "Traceback" not in err
    return out, err


def wait_for_lines(process, count):
    for _ in range(count):
        process.stdout.readline()


def test_a_run_that_is_killed_three_times_ends_with_a_true_report(
    command, estate, tmp_path
):
    _, truth = estate
    chance = random.Random(7)
    for _ in range(3):
        process = command(*SEEDS, "--json", "--here", "archive")
        wait_for_lines(process, chance.randrange(40, 120))
        process.kill()
        process.communicate()
    out, _ = ended(command(*SEEDS, "--here", "archive"), 1)

    assert f"{len(truth['lost'])} unreachable" in out
    reported, _ = ended(command("report", "archive", "--format", "json"), 1)
    report = json.loads(reported)
    assert report["statuses"] == {
        "archived": len(truth["full"]),
        "partial": len(truth["partial"]),
        "unreachable": len(truth["lost"]),
        "events_only": 0,
        "queued": 0,
        "found": 0,
        "deleted": 0,
        "failed": 0,
    }
    assert {
        one: report["baseline"][one] for one in ("messages", "edited", "deleted")
    } == {one: truth[one] for one in ("messages", "edited", "deleted")}
    assert truth["images"] > 0
    assert (report["files"], report["files_missing"]) == (truth["images"], 0)
    refused = [one["id"] for one in report["users"]["not_asked"]]
    assert sorted(refused) == sorted(truth["gone"])
    assert report["doubts"] == [f"no token for {plural(len(refused), 'user')}"]
    verified, _ = ended(command("verify", "archive"), 0)
    assert "VERIFIED" in verified
    manifests = list((tmp_path / "archive").glob("thread=*/rev=*/manifest.json"))
    assert len(manifests) == len(truth["full"]) + len(truth["partial"])


def test_ctrl_c_ends_a_run_cleanly_and_says_how_to_go_on(command):
    process = command(*SEEDS, "--json", "--here", "archive", "--concurrency", "2")
    wait_for_lines(process, 30)
    process.send_signal(signal.SIGINT)

    _, err = ended(process, 130)

    assert "Give the same command again to go on (run estate)" in err


def test_a_dry_run_says_what_there_is_to_do(command, tmp_path):
    out, _ = ended(command(*SEEDS, "--dry-run", "archive"), 1)

    assert f"{THREADS} threads of {USERS} users to archive" in out
    assert "nothing was archived" in out
    assert not list((tmp_path / "archive").glob("thread=*"))


def test_followers_reach_the_whole_estate_from_one_user(command, estate, tmp_path):
    _, truth = estate
    gone = set(truth["gone"])
    first = next(one for one in truth["users"] if one not in gone)
    (tmp_path / "one.txt").write_text(f"{first}\n")

    ended(
        command("backfill", "--users", "one.txt", "--follow", "--here", "--to", "a"),
        0,
    )

    reported, _ = ended(command("report", "a", "--format", "json"), 0)
    standings = json.loads(reported)["statuses"]
    assert standings["archived"] == len(truth["full"])
    assert standings["partial"] == len(truth["partial"])


def test_any_file_system_takes_an_archive(command, estate, tmp_path):
    _, truth = estate
    first = next(one for one in truth["users"] if one not in truth["gone"])
    (tmp_path / "one.txt").write_text(f"{first}\n")
    url = {"ARCHIVE_URL": f"file://{tmp_path}/store"}

    ended(command("backfill", "--users", "one.txt", "--here", **url), 0)
    ended(command("backfill", "--users", "one.txt", "--here", "--again", **url), 0)

    store = tmp_path / "store"
    manifests = list(store.glob("thread=*/rev=*/manifest.json"))
    lines = [
        line
        for file in store.glob("ledger/*.jsonl")
        for line in file.read_text().splitlines()
        if '"kind":"revision"' in line
    ]
    assert len(lines) == len(set(lines)) == len(manifests) > 0
    verified, _ = ended(command("verify", **url), 0)
    assert "VERIFIED" in verified
    ended(command("report", **url), 0)
    ended(command("verify", "store"), 0)  # the same as a folder


@pytest.mark.azurite
def test_without_here_every_thread_is_put_on_the_queue(command, estate, storage):
    _, truth = estate

    ended(command(*SEEDS, "--run", "by-queue", **storage), 1)

    queue = QueueClient.from_connection_string(
        storage["CHAT_STORAGE"], layout.FINALIZE_QUEUE
    )
    with queue:
        works = [
            decode_work(base64.b64decode(one.content))
            for one in queue.receive_messages(messages_per_page=32)
        ]
    assert {one.thread_id for one in works} == {
        *truth["full"], *truth["partial"], *truth["lost"]
    }  # fmt: skip
    assert all(one.relist and one.readers for one in works)


@pytest.mark.azurite
def test_two_runs_of_one_name_do_not_meet(command, storage):
    first = command(*SEEDS, "--json", "--run", "one-name", **storage)
    wait_for_lines(first, 3)

    _, err = ended(command(*SEEDS, "--run", "one-name", **storage), 2)

    assert "at work elsewhere" in err
    ended(first, 1)


def test_two_runs_of_one_name_do_not_meet_in_a_folder_either(command):
    first = command(*SEEDS, "--json", "--here", "archive")
    wait_for_lines(first, 3)

    _, err = ended(command(*SEEDS, "--here", "archive"), 2)

    assert "at work elsewhere" in err
    first.kill()
    first.communicate()
    ended(command("report", "archive"), 1)


def test_a_service_out_of_reach_is_never_an_empty_estate(command, tmp_path):
    out, _ = ended(
        command(
            *SEEDS,
            "--here",
            "archive",
            ACS_CONNECTION_STRING="endpoint=https://127.0.0.1:1/;accesskey=a2V5",
        ),
        1,
    )

    assert out.count("FAILED 8:acs:") == USERS
    assert "0 asked" in out


def test_the_function_app_archives_what_a_backfill_queues(tmp_path):
    truth_file = tmp_path / "truth.json"
    options = ["--estate", "6x15", "--truth-file", str(truth_file)]
    with stack(tmp_path / "stack", service_options=options) as running:
        truth = json.loads(truth_file.read_text())
        (tmp_path / "users.txt").write_text("\n".join(truth["users"]))
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CHAT_STORAGE": running.azurite.connection_string,
            "ACS_CONNECTION_STRING": running.acs_connection_string,
            "SSL_CERT_FILE": str(running.ca_file),
        }

        def run(*arguments):
            return subprocess.run(
                [sys.executable, "-m", "shared.cli.main", *arguments],
                cwd=tmp_path,
                env=env,
                capture_output=True,
                text=True,
                check=False,
            ).stdout

        run("backfill", "--users", "users.txt", "--follow")
        expected = {one: len(truth[one]) for one in ("full", "partial")}
        deadline = time.monotonic() + 60
        while True:
            report = json.loads(run("report", "--format", "json"))
            found = report["statuses"]
            if found["archived"] + found["partial"] == sum(expected.values()):
                break
            assert time.monotonic() < deadline, found
            time.sleep(0.5)

    assert (found["archived"], found["partial"]) == (*expected.values(),)
    assert report["baseline"]["messages"] == truth["messages"]


def test_without_events_the_sweep_archives_what_its_readers_see(tmp_path):
    truth_file = tmp_path / "truth.json"
    options = ["--estate", "6x15", "--truth-file", str(truth_file)]
    with stack(tmp_path / "stack", service_options=options) as running:
        truth = json.loads(truth_file.read_text())
        readers = [one for one in truth["users"] if one not in truth["gone"]]
        running.host.stop()
        running.host.environment = {
            **running.host.environment,
            "DISCOVER": "on",
            "ACS_READER_IDS": ",".join(readers),
        }
        running.start_host()

        running.invoke("sweep_inactive_threads")

        expected = len(truth["full"]) + len(truth["partial"])
        archive = BlobServiceClient.from_connection_string(
            running.azurite.connection_string
        ).get_container_client(layout.ARCHIVE)
        deadline = time.monotonic() + 60
        while True:
            manifests = [
                name
                for name in (archive.list_blob_names() if archive.exists() else ())
                if name.endswith("/manifest.json")
            ]
            if len(manifests) == expected:
                break
            assert time.monotonic() < deadline, len(manifests)
            time.sleep(0.5)
        archive.close()
