"""`make up`: somebody says something, sees it arrive, and finds it archived."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from local.stack import ROOT, call
from local.up.session import SESSION

QUICK = {"QUIET_FOR": "2s", "SWEEP_SCHEDULE": "*/2 * * * * *"}
WITHIN = 60.0


def run(module, *arguments, status=0):
    done = subprocess.run(
        [sys.executable, "-m", f"local.up.{module}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr + done.stdout
    return done.stdout + done.stderr


def given(url):
    status, body = call("GET", url)
    assert status == 200
    return body.decode()


@pytest.fixture(scope="module")
def up():
    """The stack, and what it says when it is up."""
    assert not SESSION.exists(), "a stack is up in this folder already"
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "local.up.run"],
        cwd=ROOT,
        env={**os.environ, **QUICK},
        stdout=subprocess.PIPE,
        text=True,
    ) as stack:
        said = ""
        while "Ctrl-C here stops" not in said:
            line = stack.stdout.readline()
            assert line, said
            said += line
        yield said
        stack.send_signal(signal.SIGINT)
        assert stack.wait(timeout=30) == 0
    assert not SESSION.exists()


def test_what_is_said_arrives_is_archived_and_is_found(up):
    assert "Ann said it" in run("say", "Where is my order?")
    assert "Ann edited" in run("say", "--edit", "Where is my order 4711?")
    address = re.search(r"http://\S+live\.html", up)[0]
    deadline = time.monotonic() + WITHIN

    def arrived():
        answer = given(address.replace("live.html", "events.json"))
        return [each["text"] for each in json.loads(answer)["events"]]

    while "Where is my order 4711?" not in arrived():
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert "Where is my order?" in run("ask", "tail", "--from-start", "--once")
    while True:
        found = subprocess.run(
            [sys.executable, "-m", "local.up.ask", "search", "4711"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip
        if "order [4711]" in found:
            break
        assert time.monotonic() < deadline, found
        time.sleep(1)
    assert "1 thread, " in given(address.replace("live.html", ""))
    assert "Ann deleted" in run("say", "--delete")


def test_what_is_asked_wrongly_is_said(up):
    assert "give a text" in run("say", status=2)
    assert "give a text" in run("say", "a", "--delete", status=2)


def test_without_a_stack_it_says_how_to_start_one(monkeypatch, capsys):
    from local.up import ask, say, session

    monkeypatch.setattr(session, "SESSION", ROOT / "nowhere.json")
    monkeypatch.setattr(sys, "argv", ["say", "hello"])

    assert (say.main(), ask.main()) == (1, 1)
    assert capsys.readouterr().err.count("make up") == 2
