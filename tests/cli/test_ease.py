"""What makes a command easy: hints, summaries that fit, JSON, colours, completion."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from azure.core.exceptions import ClientAuthenticationError

from builders import ALICE, THREAD, listed, received, thread_created
from shared.adapters.storage.failures import describe
from shared.bootstrap.archive import archive_below
from shared.cli.main import main
from shared.cli.text import coloured
from verifying import write
from world import World


@pytest.fixture
async def above(tmp_path):
    """A folder with an archive in it, beside others."""
    world = World(formats=("json",))
    await world.receive(thread_created(), received())
    world.chat.shows(THREAD, ALICE, listed())
    await world.finalize(THREAD)
    write(tmp_path / "here" / "archive", dict(world.archive.files))
    (tmp_path / "here" / "notes").mkdir()
    return tmp_path / "here"


@pytest.mark.parametrize(
    "verb", [["list"], ["verify"], ["report"], ["cat", THREAD], ["hold", "list"]]
)
def test_a_folder_above_the_archive_says_where_it_is(run, above, verb):
    text = run(*verb, above, status=2)

    assert text.strip() == f"Error: {above} holds no archive; {above / 'archive'} does."


def test_an_archive_that_is_still_empty_is_no_mistake(tmp_path):
    assert archive_below(tmp_path) is None
    (tmp_path / "thread=x").mkdir()
    assert archive_below(tmp_path) is None


@pytest.mark.parametrize("verb", ["show", "cat", "prove"])
def test_without_a_thread_it_says_how_to_find_one(run, above, verb):
    assert "Name a THREAD by its id; `chat-archive list`" in run(verb, status=2)
    said = run(verb, above, *(["1"] if verb == "prove" else []), status=2)
    assert f"{above} is a folder: name the THREAD first" in said


def test_the_summaries_of_all_commands_fit(run):
    text = run("--help")

    for name, command in main.commands.items():
        first = command.help.split("\n\n")[0].replace("\n", " ").strip()
        assert re.search(rf"^  {name} +{re.escape(first)}$", text, re.MULTILINE), name
    assert max(map(len, text.splitlines())) <= 80


def test_what_answers_takes_json(run, above):
    archive = above / "archive"
    (row,) = run("list", archive, "--json").splitlines()
    shown = json.loads(run("show", THREAD, archive, "--json"))
    formats = list(map(json.loads, run("formats", "--json").splitlines()))

    assert json.loads(row)["thread_id"] == shown["thread_id"] == THREAD
    assert shown["revisions"][0]["grade"] == shown["grade"] == "complete"
    assert shown["people"][0]["name"] == "Alice"
    assert {"name": "csv", "archived": True}.items() <= formats[2].items()
    assert json.loads(run("report", archive, "--json", status=1))["threads"]
    run("hold", "add", archive, "--thread", THREAD, "--reason", "r")
    (held,) = run("hold", "list", archive, "--json").splitlines()
    assert (json.loads(held)["thread_id"], json.loads(held)["why"]) == (THREAD, "r")


@pytest.mark.parametrize(
    ("line", "colour"),
    [
        ("VERIFIED 5 threads", "green"),
        ("FAILED: nothing is proven", "red"),
        ("INCOMPLETE: x", "yellow"),
        ("NOT REACHED y", "red"),
    ],
)
def test_a_verdict_has_a_colour(line, colour, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    word = line.split(" ")[0]

    assert coloured(line) == click.style(word, fg=colour, bold=True) + line[len(word) :]
    monkeypatch.setenv("NO_COLOR", "1")
    assert coloured(line) == line


@pytest.mark.parametrize(
    "line", ["", " VERIFIED", "note: x", "failed 19:x", "VERIFIEDx"]
)
def test_nothing_else_has_one(line, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)

    assert coloured(line) == line


def test_no_colour_goes_into_a_pipe(run, above):
    assert "\x1b" not in run("verify", above / "archive")


def test_a_backfill_that_has_archived_no_thread_yet_is_reported(run, tmp_path):
    """It was killed when only what it works by stood beside the archive."""
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive-control").mkdir()

    assert "INCOMPLETE" in run("report", tmp_path / "archive", status=1)
    assert "No thread" in run("list", tmp_path / "archive", status=1)
    assert "no archive" in run("verify", tmp_path / "archive", status=2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "ODD"], ["verify", "ODD"], ["verify", "ODD/file"], ["show", "ODD"],
        ["show", THREAD, "ODD"], ["backfill", "--users", "ODD", "x"], ["\x1b[31m"],
        ["list", "ODD/nothing"], ["export", "ODD", "--format", "\x1b[31m"],
    ],
)  # fmt: skip
def test_no_error_moves_the_cursor(arguments, tmp_path):
    """As on a terminal, where nothing strips it."""
    odd = tmp_path / "x\x1b[31mred"
    odd.mkdir()
    (odd / "file").touch()

    with pytest.raises(click.ClickException) as raised:
        main([a.replace("ODD", str(odd)) for a in arguments], standalone_mode=False)
    assert "\x1b" not in raised.value.format_message()
    assert r"\x1b[31m" in raised.value.format_message()


def test_who_is_not_signed_in_reads_one_sentence():
    assert describe(ClientAuthenticationError("37 lines")) == (
        "nobody is signed in to Azure: run `az login`, or give the app an identity"
    )


def test_what_the_sdk_logs_is_kept_from_people():
    code = (
        "import logging; from shared.bootstrap.identity import silence_sdk_logs;"
        "silence_sdk_logs(); logging.getLogger('azure.identity').warning('37 lines')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(shell):
    command = Path(sys.executable).with_name("chat-archive")
    env = {**os.environ, "_CHAT_ARCHIVE_COMPLETE": f"{shell}_source"}
    done = subprocess.run(
        [command], check=False, capture_output=True, text=True, env=env
    )

    assert "chat-archive" in done.stdout
    assert done.returncode == 0


def test_who_has_no_name_is_asked_for_one(run, above, monkeypatch):
    def unknown():
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", unknown)
    hold = ("hold", "add", above / "archive", "--thread", THREAD, "--reason", "r")

    assert "give --by" in run(*hold, status=2)
    run(*hold, "--by", "dpo")


@pytest.mark.parametrize("name", ["con", "aux", "com1", "lpt9", "nul"])
def test_a_run_is_called_as_a_folder_can_be_on_every_system(run, above, name):
    said = run("report", above / "archive", "--run", name, status=2)

    assert "no device of Windows" in said


@pytest.mark.parametrize(
    ("verb", "name", "value", "said"),
    [
        (["list"], "LIST_JSON", "1", '"thread_id"'),
        (["report"], "REPORT_FORMAT", "csv", '"thread_id","status"'),
        (["export", "--output", "out"], "EXPORT_FORMAT", "md", "Wrote out"),
        (["hold", "list"], "HOLD_LIST_JSON", "1", "No hold is in force"),
    ],
)
def test_an_option_is_set_by_the_variable_of_its_name(
    run, above, verb, name, value, said
):
    status = 1 if verb == ["report"] else 0

    text = run(
        *verb, above / "archive", status=status, **{f"CHAT_ARCHIVE_{name}": value}
    )

    assert said in text


@pytest.mark.parametrize("verb", ["list", "checkpoint", "report"])
def test_a_folder_without_an_archive_is_said_to_have_none(run, tmp_path, verb):
    (tmp_path / "export" / "thread=x").mkdir(parents=True)

    assert run(verb, tmp_path, status=2) == f"Error: {tmp_path} holds no archive.\n"
    hold = ("hold", "add", tmp_path, "--thread", THREAD, "--reason", "r")
    assert "holds no archive" in run(*hold, "--not-yet-archived", status=2)
    assert not (tmp_path / "ledger").exists()


def test_an_http_address_is_refused_with_what_to_do(run):
    said = run("list", "http://127.0.0.1:10000/devstoreaccount1/chat-archive", status=2)

    assert "is no https address" in said
    assert "set CHAT_STORAGE" in said


def test_a_forgotten_message_says_so(run, above):
    assert "name the MESSAGE by its id" in run(
        "prove", THREAD, above / "archive", status=2
    )


def test_an_import_without_identities_says_that_nothing_would_be_sent(run, above):
    exported = run(
        "export", above / "archive", "--format", "graph-import", "--output", "o"
    )

    assert "without --identities nobody is mapped" in exported
