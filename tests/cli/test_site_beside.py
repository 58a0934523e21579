"""Builds of a site beside other things: an erasure, another build, what a kill left."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from builders import ALICE, FIRST_ID, THREAD, listed, received
from local.picture import png
from shared.usecases.reading.site.site_state import STATE_FILE
from world import World

ROOT = Path(__file__).parents[2]
SECRET = b"zebra0420"
URL = "https://contoso.communication.azure.com/images/1"
ERASE = ("--thread", THREAD, "--message", str(FIRST_ID), "--reason", "r", "--execute")


async def conversation():
    world = World(formats=("json",))
    world.images.files[URL] = png(60, 40)
    picture = {"id": "i", "attachmentType": "image", "name": "a.png", "url": URL}
    content = {"message": '<img alt="a cat" id="i">', "attachments": [picture]}
    await world.receive(received(0, f"The code is {SECRET.decode()}"))
    world.chat.shows(THREAD, ALICE, listed(1, type="html", content=content))
    await world.finalize(THREAD)
    return world.archive.files


@pytest.fixture(scope="module")
def files():
    return asyncio.run(conversation())


STOPPING = """
import os, signal
from shared.usecases.reading.site.site_writing import Writing
put = Writing.put
async def stopping(self, path, data):
    if path.startswith("threads/"):
        os.kill(os.getpid(), signal.SIGSTOP)
    await put(self, path, data)
Writing.put = stopping
from shared.cli.main import main
main()
"""


@contextmanager
def in_the_middle(folder):
    """Let a build stand still when it has read a thread; let it go on at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", STOPPING, "site", folder, "--output", "site"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as build:
        _, status = os.waitpid(build.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        try:
            yield
        finally:
            build.send_signal(signal.SIGCONT)
            assert build.wait(timeout=30) == 0


def holding(site, words):
    found = [path for path in site.rglob("*") if path.is_file()]
    return [path for path in found if words in path.read_bytes()]


def test_an_erasure_during_a_build_is_in_the_next_one(run, folder, tmp_path):
    run("index", folder)
    with in_the_middle(folder):
        assert "NOT CLEARED" in run("erase", folder, *ERASE, status=1)
        beside = run("site", folder, "--output", "site", status=2)
        assert "in use by another process" in beside
    assert holding(tmp_path / "site", SECRET)

    run("site", folder, "--output", "site")

    assert holding(tmp_path / "site", SECRET) == []


def test_what_a_kill_in_the_first_write_left_is_cleared_away(run, folder, tmp_path):
    left = tmp_path / "site" / ".unfinished" / "site.json.77-0"
    left.parent.mkdir(parents=True)
    left.write_bytes(SECRET)

    run("site", folder, "--output", "site")

    assert not left.exists()


def test_a_file_that_is_missing_is_told_of_by_each_build(run, folder, tmp_path):
    (held,) = folder.glob("*/rev=*/attachments/*")
    data = held.read_bytes()
    held.unlink()
    for _ in range(2):
        assert "is missing" in run("site", folder, "--output", "site", status=1)

    held.write_bytes(data)
    run("site", folder, "--output", "site")

    assert holding(tmp_path / "site", data)


def test_a_thread_that_is_gone_is_told_of_in_a_sentence(run, folder):
    (thread,) = folder.glob("thread=*")
    shutil.rmtree(thread)

    said = run("site", folder, "--output", "site", status=1)

    assert "NOT IN THE SITE the ledger names a thread" in said


def test_pages_that_somebody_deleted_come_back(run, folder, tmp_path):
    run("site", folder, "--output", "site")
    (page,) = (tmp_path / "site").glob("threads/*/transcript.html")
    before = page.read_bytes()
    page.unlink()

    again = json.loads(run("site", folder, "--output", "site", "--json"))

    assert again["threads_rendered"] == 1
    assert page.read_bytes() == before
    assert json.loads((tmp_path / "site" / STATE_FILE).read_text())["finished"]
