"""`chat-archive tail` on a real storage account."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from builders import NOON, THREAD, received, to_log
from shared.domain import layout
from shared.domain.log.record import encode_quarantined
from shared.usecases.capture.watch import MOST_BYTES

pytestmark = pytest.mark.azurite
ROOT = Path(__file__).parents[2]
LONG = "x" * 7000
"""A text that lets few events make a segment long."""


@pytest.fixture
def log(running_azurite):
    service = BlobServiceClient.from_connection_string(
        running_azurite.connection_string
    )
    with service:
        for container in service.list_containers():
            service.delete_container(container.name)
        yield service.create_container(layout.LOG)


def append(log, data, stem=None):
    stem = stem or layout.segment_stem(THREAD, NOON.date())
    blob = log.get_blob_client(layout.segment_path(stem, 0))
    if not blob.exists():
        blob.create_append_blob()
    blob.append_block(data)


def test_what_the_log_holds_is_shown_and_moves_no_cursor(run, log, running_azurite):
    hostile = "line one\nline two \x1b[2J"
    append(log, to_log(received(0, hostile), received(0, hostile)))
    line = encode_quarantined("{}", NOON, "the event has no type", bytes(16))
    append(log, line, layout.quarantine_stem("", NOON.date()))
    given = ("--connection-string", running_azurite.connection_string)

    said = run("tail", "--from-start", "--once", *given)

    lines = said.splitlines()
    assert len(lines) == 3
    assert "\x1b" not in said
    assert "received (duplicate)" in said
    assert "the event has no type" in said
    assert "Alice" in said
    found = [
        json.loads(each)
        for each in run("tail", "--from-start", "--once", "--json", *given).splitlines()
    ]
    assert [each["is_duplicate"] for each in found if each["kind"] == "received"] == [
        False,
        True,
    ]
    assert {each["text"] for each in found} == {hostile, ""}


def test_once_shows_all_that_there_is_however_long_a_segment(run, log, running_azurite):
    count = 2 * MOST_BYTES // len(to_log(received(0, LONG))) + 1
    for first in range(0, count, 500):
        numbers = range(first, min(first + 500, count))
        append(log, to_log(*(received(n, LONG) for n in numbers)))
    given = ("--connection-string", running_azurite.connection_string)

    said = run("tail", "--from-start", "--once", *given)
    assert len(said.splitlines()) == count


def test_a_time_has_to_be_one(run, running_azurite):
    given = ("--connection-string", running_azurite.connection_string)

    assert "no duration" in run("tail", "--since", "soon", *given, status=2)
    assert "Give --since" in run("tail", "--once", *given, status=2)


def test_a_folder_has_no_log(run, folder):
    assert "has no log" in run("tail", "--from-start", "--once", folder, status=2)


def test_events_are_shown_as_they_come_until_ctrl_c(log, running_azurite):
    append(log, to_log(received(0, "before")))
    command = [sys.executable, "-u", "-m", "shared.cli.main", "tail"]
    env = {**os.environ, "CHAT_STORAGE": running_azurite.connection_string}
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as tail:  # fmt: skip
        lines = queue.Queue()
        threading.Thread(
            target=lambda: [lines.put(line) for line in tail.stdout], daemon=True
        ).start()
        assert "Ctrl-C stops it" in tail.stderr.readline()
        for number in range(1, 200):
            # The first look only remembers how long everything is.
            append(log, to_log(received(number, f"text {number}")))
            try:
                line = lines.get(timeout=0.5)
                break
            except queue.Empty:
                continue
        assert "text" in line
        assert "before" not in line
        tail.send_signal(signal.SIGINT)
        assert tail.wait(timeout=20) == 130
        assert "Traceback" not in tail.stderr.read()
