"""The real function app as a process, with real blobs, queues, TLS and SDKs."""

import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builders import (
    FIRST_ID,
    SAMPLES,
    THREAD,
    deleted,
    edited,
    envelope,
    events_in,
    received,
    thread_created,
)
from local.demo import conversations
from local.demo.people import invite
from schemas import TRANSCRIPT
from shared.domain.archive.chain import Chain
from shared.domain.archive.read_chain import transcript_of
from shared.domain.evidence.lines import cut_line
from shared.domain.log.record import read_records
from shared.formats.registry import FORMATS, written
from windows_names import collisions, refusal

pytestmark = [pytest.mark.e2e, pytest.mark.azurite]

ROOT = Path(__file__).parents[2]
OWN_SAMPLES = [
    received(),
    edited(schema="cloudevents"),
    [deleted(), thread_created(), received(level="")],
    envelope("Microsoft.Storage.BlobCreated", {"url": "x"}),
]
OFFICIAL_SAMPLES = [
    json.loads(file.read_text())
    for file in sorted((SAMPLES / "eventgrid").rglob("*.json"))
]


def files_of(container, suffix=""):
    if not container.exists():
        return {}
    return {
        name: container.download_blob(name).readall()
        for name in container.list_blob_names()
        if name.endswith(suffix)
    }


def wait_for(condition, *, seconds=30):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)
    return found


def archive_of(running, containers):
    """Sweep until there is an archive; give its newest revision's files by name."""

    def sweep():
        running.invoke("sweep_inactive_threads")
        time.sleep(0.5)
        files = files_of(containers("chat-archive"))
        manifests = sorted(n for n in files if n.endswith("/manifest.json"))
        if not manifests:
            return None
        folder = manifests[-1].removesuffix("manifest.json")
        return {
            name.removeprefix(folder): data
            for name, data in files.items()
            if name.startswith(folder)
        }

    return wait_for(sweep)


def test_every_sample_is_in_the_log_or_in_quarantine(running, containers):
    posted = 0
    for body in OWN_SAMPLES + OFFICIAL_SAMPLES:
        assert running.post_events(body) == 202
        posted += len(body) if isinstance(body, list) else 1

    files = files_of(containers("chat-log"), ".jsonl")
    kept = b"".join(data for name, data in files.items() if "quarantine" not in name)
    quarantined = b"".join(data for name, data in files.items() if "quarantine" in name)
    assert read_records(kept).torn == 0
    assert len(read_records(kept).records) + quarantined.count(b"\n") == posted
    assert b"names no thread" in quarantined
    official = [
        event
        for body in OFFICIAL_SAMPLES
        for event in (body if isinstance(body, list) else [body])
    ]
    recorded = [json.loads(line)["event"] for line in kept.splitlines()]
    assert all(event in recorded for event in official)


def test_garbage_is_answered_and_the_next_event_is_served(running, containers):
    garbage = [b"", b"\xff\xfe", b"{", b"[" * 100_000, b'[{"a":' + b"1" * 5000]

    statuses = [running.post_events(body) for body in garbage]

    assert set(statuses) == {500}
    assert running.post_events([{"eventType": 7}, received()]) == 202
    log = files_of(containers("chat-log"), ".jsonl")
    assert len(log) == 2


def test_doubled_and_backward_events_give_the_bytes_of_an_orderly_delivery(
    running, containers
):
    events = [thread_created()]
    for number in range(20):
        events += [received(number, f"text {number}"), edited(number, f"new {number}")]
        events += [deleted(number)] if number % 3 == 0 else []
    for event in [*reversed(events), *reversed(events)]:
        assert running.post_events(event) == 202
    time.sleep(1.1)

    archive = archive_of(running, containers)

    lines = [cut_line(line) for line in archive["events.jsonl"].splitlines()]
    assert len(lines) == 2 * len(events)
    assert lines[0].facts["message"] == str(FIRST_ID + 19)
    listing = archive["listing.jsonl"].splitlines()
    for orderly in (sorted(lines, key=in_order), once(lines)):
        chain = Chain(thread_id=THREAD)
        chain.begin(1)
        chain.extend("events", (line.stored[:-1] for line in orderly))
        chain.extend("listing", listing)
        formats = [FORMATS["json"], FORMATS["csv"]]
        for name, data in written(formats, transcript_of(chain)):
            assert without_places(archive[name]) == without_places(data)


def in_order(line):
    return line.facts["version"], line.facts.get("message", ""), line.commitment


def once(lines):
    """Each event's line with the lowest commitment, in the order of events."""
    chosen = {}
    for line in sorted(lines, key=in_order):
        facts = line.facts
        key = facts["kind"], facts.get("message"), facts["change"], facts["version"]
        chosen.setdefault(key, line)
    return list(chosen.values())


def without_places(data):
    """Where a line stands is a matter of its archive, as is how often it came."""
    return re.sub(rb'"lines": \[[^]]*\]', b"", data)


@pytest.mark.parametrize("round_", range(3))
def test_killing_the_host_loses_no_acknowledged_event(running, containers, round_):
    numbers = iter(range(100_000))
    lock = threading.Lock()
    stopped = threading.Event()
    acknowledged = set()

    def send():
        while not stopped.is_set():
            with lock:
                batch = [next(numbers) for _ in range(5)]
            events = [received(n, threadId=f"19:{n % 7}@thread.v2") for n in batch]
            if running.post_events(events) == 202:
                with lock:
                    acknowledged.update(str(FIRST_ID + number) for number in batch)

    with ThreadPoolExecutor(8) as senders:
        for _ in range(8):
            senders.submit(send)
        try:
            moments = random.Random(round_)
            for _ in range(2):
                time.sleep(moments.uniform(0.2, 1.2))
                running.host.kill()
                running.start_host()
            time.sleep(0.5)
        finally:
            stopped.set()

    log = events_in(b"".join(files_of(containers("chat-log"), ".jsonl").values()))
    kept = {event.message_id for event in log}
    assert len(acknowledged) > 50
    assert acknowledged <= kept


def test_no_content_no_token_and_no_key_reaches_a_log(running, tmp_path):  # P9
    people = invite(
        ["Amina", "Ben", "Chloé"],
        connection_string=running.acs_connection_string,
        endpoint=running.chat_url,
        ca_file=running.ca_file,
    )
    running.misbehave(throttle=0.2, fail=0.1, retry_after=0.1, duplicate=0.5)
    conversations.support_case(*people)
    running.deliveries(flush=True)
    running.post_events([{"eventType": "4711 Lyon", "data": {"messageBody": "4711"}}])
    time.sleep(1.1)
    running.invoke("sweep_inactive_threads")

    def log():
        return running.host.log.read_text()

    wait_for(lambda: "finalize: thread" in log())
    key = running.acs_connection_string.rpartition("accesskey=")[2]
    storage = running.azurite.connection_string
    storage_key = storage.split("AccountKey=")[1].split(";")[0]
    for secret in ("4711", "Lyon", "Chlo", "eyJ", key, storage_key, "Bearer"):
        assert secret not in log()


def test_the_demo_runs_and_runs_again(tmp_path):
    for before in ("", "demo-archive is of an earlier run: this one replaces it"):
        done = subprocess.run(
            [sys.executable, "-m", "local.demo"],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "PYTHONIOENCODING": "cp1252",  # as a pipe on Windows
            },
            capture_output=True,
            encoding="utf-8",
            timeout=150,
            check=False,
        )

        assert done.returncode == 0, done.stdout + done.stderr
        assert before in done.stdout
        assert "each counted once" in done.stdout
        assert "VERIFIED 5 threads, 5 revisions" in done.stdout
        assert "FAILED thread=" in done.stdout
        assert "VERIFIED the archive holds this:" in done.stdout
        assert "and stands in 0 now" in done.stdout
        assert "erased by order 1" in done.stdout
        archives = list(
            (tmp_path / "demo-archive" / "archive").glob("thread=*/rev=*/manifest.json")
        )
        assert len(archives) == 5
        for manifest in archives:
            file = manifest.with_name("transcript.json")
            TRANSCRIPT.validate(json.loads(file.read_bytes()))
        left = {file.name for file in tmp_path.rglob("*") if file.is_file()}
        assert all(any(map(one.is_mine, left)) for one in FORMATS.values())
    files = [file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*")]
    assert [file for file in files if refusal(file)] == []
    assert collisions(files) == []
