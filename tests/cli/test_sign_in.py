"""What every command says where Azure is asked without a key and nobody is signed in."""

import time

import pytest
from click.testing import CliRunner

from fake_az import EXPIRED, NOT_LOGGED_IN, fake_az, only_az
from shared.adapters.azure.sign_in import NOBODY
from shared.adapters.storage.clients import PERSON_OPTIONS
from shared.cli.main import main

THREAD = "19:nobody@thread.v2"
CONTAINER = "https://127.0.0.1:1/chat-archive"
SOON = 8.0
OVER_AN_ACCOUNT = (
    ("list",),
    ("verify",),
    ("status",),
    ("tail",),
    ("redeliver",),
    ("report",),
    ("checkpoint",),
    ("index",),
    ("search", "parcel"),
    ("show", THREAD),
    ("cat", THREAD),
    ("prove", THREAD, "1"),
    ("export", "--format", "md", "--output", "out"),
    ("site", "--output", "site"),
    ("hold", "list"),
    ("erase", "--participant", "8:acs:x", "--reason", "r"),
    ("backfill", "--users", "users.txt", "--acs-endpoint", "https://127.0.0.1:1"),
)


@pytest.fixture
def ask(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    only_az(monkeypatch, tmp_path / "bin")
    (tmp_path / "users.txt").write_text("8:acs:somebody\n")

    def ask(*arguments, error=NOT_LOGGED_IN, **env):
        fake_az(tmp_path / "bin", error=error)
        started = time.monotonic()
        done = CliRunner(env=env).invoke(main, [*arguments])
        assert time.monotonic() - started < SOON
        return done

    return ask


@pytest.mark.parametrize("arguments", OVER_AN_ACCOUNT, ids=lambda given: given[0])
def test_a_command_over_an_account_ends_in_one_sentence(arguments, ask):
    done = ask(*arguments, ARCHIVE_URL=CONTAINER)

    assert done.stderr == f"Error: {NOBODY}\n"
    assert not done.stdout
    assert done.exit_code == 2


def test_so_does_one_over_the_account_of_the_settings(ask):
    done = ask("list", CHAT_STORAGE__blobServiceUri="https://127.0.0.1:1/acme")

    assert (done.exit_code, done.stderr) == (2, f"Error: {NOBODY}\n")


def test_an_expired_session_is_the_same_sentence(ask):
    done = ask("list", CONTAINER, error=EXPIRED)

    assert (done.exit_code, done.stderr) == (2, f"Error: {NOBODY}\n")


def test_a_backfill_into_a_folder_asks_the_chat_service_as_nobody(ask):
    options = ("--users", "users.txt", "--acs-endpoint", "https://127.0.0.1:1")

    done = ask("backfill", "--here", "archive", *options)

    assert (done.exit_code, done.stderr) == (2, f"Error: {NOBODY}\n")


def test_an_address_with_a_signature_needs_nobody(ask, monkeypatch):
    monkeypatch.setitem(PERSON_OPTIONS, "retry_total", 0)

    done = ask("list", f"{CONTAINER}?sv=2025-01-01&sig=x")

    assert "signed in" not in done.output
    assert done.exit_code == 2
