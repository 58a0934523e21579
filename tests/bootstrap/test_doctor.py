"""What the doctor makes steps of, and that nothing holds up its end."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fake_az import EXPIRED, NEVER, NOT_LOGGED_IN, fake_az, only_az
from management import management
from shared.bootstrap import doctor
from shared.bootstrap.archive import ArchiveAddress
from shared.bootstrap.doctor import open_doctor
from shared.bootstrap.installation import own_lock, wrong_settings
from shared.domain.log.commitment import sha256
from shared.usecases.capture.doctor.examine import Verdict, examine
from subscriptions import TOPIC_ID, by_call

ROOT = Path(__file__).parents[2]
CONTAINER = "https://127.0.0.1:1/chat-archive"
CHAT = {"ACS_ENDPOINT": "https://127.0.0.1:1"}


async def seen(text="", *, azure="", **env):
    address = ArchiveAddress(text=text, env=env)
    async with open_doctor(address, env, management=azure) as steps:
        return {check.name: check async for check in examine(steps)}


@pytest.fixture
def az(tmp_path, monkeypatch):
    only_az(monkeypatch, tmp_path / "bin")
    return lambda **answers: fake_az(tmp_path / "bin", **answers)


async def test_with_nothing_set_each_line_says_what_to_name():
    checks = await seen()

    assert checks["settings"].verdict is Verdict.FAILURE
    assert "ARCHIVE_URL" in checks["settings"].fix
    assert checks["sign-in"].verdict is Verdict.OK
    for name in ("storage", "chat service", "event subscription", "index"):
        assert checks[name].verdict is Verdict.NOT_CHECKED
    assert "--acs-endpoint" in checks["chat service"].fix
    assert "--event-topic-id" in checks["event subscription"].fix


async def test_a_folder_has_no_account(tmp_path):
    (tmp_path / "archive" / "ledger").mkdir(parents=True)

    checks = await seen(str(tmp_path / "archive"))

    assert checks["settings"].verdict is Verdict.OK
    assert checks["storage"].verdict is Verdict.NOT_CHECKED
    assert "a folder has no account" in checks["storage"].text
    assert checks["index"].verdict is Verdict.OK


async def test_of_a_folder_that_is_not_there_it_says_what_makes_one(tmp_path):
    checks = await seen(str(tmp_path / "archive"))

    assert checks["settings"].verdict is Verdict.FAILURE
    assert "There is no folder" in checks["settings"].text
    assert "backfill" in checks["settings"].fix


async def test_every_wrong_setting_is_named_and_none_that_is_not_set():
    checks = await seen(
        CONTAINER + "?sig=x",
        QUIET_FOR="soon",
        ACS_ENDPOINT="acme",
        EVENT_TOPIC_ID="evgt",
    )

    settings = checks["settings"]
    assert settings.verdict is Verdict.FAILURE
    for name in ("QUIET_FOR", "ACS_ENDPOINT", "EVENT_TOPIC_ID"):
        assert f"{name} is no" in settings.text
    assert "SWEEP_SCHEDULE" not in settings.text
    assert checks["event subscription"].verdict is Verdict.NOT_CHECKED


def test_settings_of_the_app_may_be_missing_here():
    assert not wrong_settings({"ACS_ENDPOINT": "https://acme.test"})
    assert wrong_settings({"SWEEP_SCHEDULE": "daily"})


@pytest.mark.parametrize("error", [NOT_LOGGED_IN, EXPIRED])
async def test_nobody_is_signed_in(az, error):
    calls = az(error=error)
    started = time.monotonic()

    async with management() as azure:
        checks = await seen(
            CONTAINER, azure=azure.address, EVENT_TOPIC_ID=TOPIC_ID, **CHAT
        )
        assert not azure.asked

    assert checks["sign-in"].verdict is Verdict.FAILURE
    assert checks["sign-in"].fix == "az login"
    others = {c.verdict for n, c in checks.items() if n not in {"sign-in", "settings"}}
    assert others == {Verdict.NOT_CHECKED}
    assert checks["storage"].text == "sign-in must be ok first"
    assert time.monotonic() - started < 5
    assert len(calls.read_text().splitlines()) == 1


async def test_somebody_is_and_the_topic_is_looked_at(az):
    calls = az()
    async with management() as azure:
        azure.items = [by_call()]

        checks = await seen(azure=azure.address, EVENT_TOPIC_ID=TOPIC_ID)

    assert checks["sign-in"].text == "tokens for Azure's management"
    for name in ("event subscription", "event types", "dead-lettering"):
        assert checks[name].verdict is Verdict.OK, checks[name]
    assert "management.azure.com" in calls.read_text()


async def test_an_interface_that_never_answers_is_not_checked(az):
    az()
    started = time.monotonic()
    async with management() as azure:
        azure.silent = True

        checks = await seen(azure=azure.address, EVENT_TOPIC_ID=TOPIC_ID)

    assert checks["event subscription"].verdict is Verdict.NOT_CHECKED
    assert time.monotonic() - started < 12


async def test_sign_in_that_never_answers_is_given_up(az, monkeypatch):
    az(error=NEVER)
    monkeypatch.setattr(doctor, "SIGNED_IN_WITHIN", 1.0)

    checks = await seen(CONTAINER)

    assert checks["sign-in"].verdict is Verdict.FAILURE
    assert checks["storage"].verdict is Verdict.NOT_CHECKED


async def test_servers_that_take_a_call_and_never_answer(monkeypatch):
    """Storage and chat service, each on a port that only listens."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        port = silent.getsockname()[1]
        key = f"DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:{port}/acme;QueueEndpoint=http://127.0.0.1:{port}/acme"
        started = time.monotonic()

        checks = await seen(
            CHAT_STORAGE=key,
            ACS_CONNECTION_STRING=f"endpoint=https://127.0.0.1:{port}/;accesskey=a2V5",
        )

    assert time.monotonic() - started < 12
    assert checks["storage"].verdict is Verdict.FAILURE
    assert checks["chat service"].verdict is Verdict.FAILURE


def test_a_name_that_no_server_resolves_holds_up_nothing(tmp_path):
    """The lookup runs in a thread, which nobody can cancel."""
    code = (
        "import socket, sys, time\n"
        "from shared.cli.main import main\n"
        "real = socket.getaddrinfo\n"
        "def never(host, *args, **options):\n"
        "    time.sleep(0 if host == '127.0.0.1' else 60)\n"
        "    return real(host, *args, **options)\n"
        "socket.getaddrinfo = never\n"
        "main(['doctor', 'https://acme.test/chat-archive?sig=x', '--json'])\n"
    )
    started = time.monotonic()

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert time.monotonic() - started < 30
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["sums"]["failure"] == 1
    assert not done.stderr


def test_the_lock_of_a_clone_is_its_own():
    lock = own_lock(ROOT)

    assert lock.digest == sha256((ROOT / "requirements.txt").read_bytes())
    assert lock.fits("3.13.1")
    assert not lock.fits("3.10.0")
    assert not lock.fits("3.15.0")


def test_an_installed_command_has_none(tmp_path):
    assert own_lock(tmp_path).digest == ""
    (tmp_path / "requirements.txt").touch()
    assert own_lock(tmp_path).digest == ""
