"""`make up`: somebody says something, sees it arrive, and finds it archived."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from local.ports import is_open
from local.stack import ROOT, call
from local.up.session import SESSION, Session

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


@contextmanager
def running(ending):
    """Run the stack; give what it says when it is up, and end it by a signal."""
    assert not Session.is_up(), "a stack is up in this folder already"
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
        try:
            yield said
        finally:
            stack.send_signal(ending)
            assert stack.wait(timeout=30) == 0
    assert not SESSION.exists()


@pytest.fixture
def up():
    with running(signal.SIGINT) as said:
        yield said


def ports(said):
    """Return where the storage, the chat service and the live page listen."""
    session = Session.read()
    urls = [session.endpoint, re.search(r"BlobEndpoint=([^;]+)", session.storage)[1]]
    urls.append(re.search(r"http://\S+live\.html", said)[0])
    return [urlsplit(url).port for url in urls]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_nothing_stays_when_it_is_ended_or_its_terminal_is_closed(ending):
    with running(ending) as said:
        listening = ports(said)
        assert all(map(is_open, listening))

    assert not any(map(is_open, listening))


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
    second = subprocess.run(
        [sys.executable, "-m", "local.up.run"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (second.returncode, second.stdout) == (1, "")
    assert "A stack is up in this folder" in second.stderr
    assert "give a text" in run("say", status=2)
    assert "give a text" in run("say", "a", "--delete", status=2)


def test_without_a_stack_it_says_how_to_start_one(monkeypatch, capsys):
    from local.up import ask, say, session

    monkeypatch.setattr(session, "SESSION", ROOT / "nowhere.json")
    monkeypatch.setattr(sys, "argv", ["say", "hello"])

    assert (say.main(), ask.main()) == (1, 1)
    assert capsys.readouterr().err.count("make up") == 2
