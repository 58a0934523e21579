"""What the server says when it starts, before anybody asks it anything."""

import asyncio
import json
import shutil
import subprocess

import pytest

from assistants import (
    CLEAN,
    COMMAND,
    HOSTILE_TOPIC,
    ROOT,
    ask,
    folder_of,
    index,
    index_of,
    over_stdio,
    run,
    world_of,
)
from builders import THREAD

ONLY, SEVERAL = THREAD[:-1], "19:"
PRINT = ("--print-config", "claude")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = folder_of(asyncio.run(world_of()), tmp_path_factory.mktemp("start") / "a")
    index(folder)
    return folder


@pytest.fixture
def folder(made, tmp_path):
    shutil.copytree(made.parent, tmp_path / "copy")
    return tmp_path / "copy" / made.name


@pytest.mark.parametrize("options", [(), PRINT, ("--http", "0")], ids=str)
@pytest.mark.parametrize(
    ("thread", "says"),
    [
        ("19:nowhere", "19:nowhere: the archive has no thread with such an id"),
        (HOSTILE_TOPIC, "the archive has no thread with such an id"),
        (SEVERAL, "may mean 3 threads:"),
        ("", "--thread needs the id of a thread"),
    ],
)
def test_a_thread_that_is_none_is_refused_at_once(made, options, thread, says):
    done = run("mcp", made, "--thread", thread, *options)

    assert done.returncode == 2
    assert says in done.stderr
    assert not done.stdout


@pytest.mark.parametrize("options", [(), PRINT], ids=str)
def test_a_folder_that_is_none_is_refused_at_once(tmp_path, options):
    done = run("mcp", tmp_path / "nowhere", *options)

    assert done.returncode == 2
    assert "There is no folder" in done.stderr
    assert not done.stdout


async def test_a_beginning_that_is_unique_shows_that_thread_alone(made):
    async with over_stdio(made, "--thread", ONLY) as client:
        found = await ask(client, "list_threads")

    assert [thread["thread_id"] for thread in found["threads"]] == [THREAD]


def test_what_is_printed_has_the_whole_id(made):
    done = run("mcp", made, "--thread", ONLY + "…", *PRINT)

    server = json.loads(done.stdout)["mcpServers"]["chat-archive"]
    assert server["args"] == ["mcp", str(made), "--thread", THREAD]
    assert not done.stderr


@pytest.mark.parametrize("options", [(), PRINT], ids=str)
def test_a_missing_index_is_said_and_stops_nothing(folder, options):
    index_of(folder).unlink()

    done = run("mcp", folder, "--thread", ONLY, *options)

    assert done.returncode == 0
    assert "there is no index: build it with `chat-archive index`" in done.stderr


async def test_an_index_that_is_missing_at_the_start_can_be_built_later(folder):
    index_of(folder).unlink()

    async with over_stdio(folder, "--thread", ONLY) as client:
        without = await ask(client, "list_threads")
        index(folder)
        found = await ask(client, "list_threads")

    assert "there is no index" in without
    assert [thread["thread_id"] for thread in found["threads"]] == [THREAD]


def test_an_older_index_is_said_and_whether_it_is_used(folder):
    newest = max(path for path in (folder / "ledger").iterdir() if path.is_file())
    lines = newest.read_bytes().splitlines(keepends=True)
    newest.write_bytes(b"".join(lines[:-1]))
    index(folder)
    newest.write_bytes(b"".join(lines))

    refused, used = run("mcp", folder), run("mcp", folder, "--stale-ok")

    assert "`chat-archive index` brings it up to date" in refused.stderr
    assert "What the archive got or lost since is not in it." in used.stderr
    assert "Nothing will be answered" not in used.stderr
    assert (refused.returncode, used.returncode) == (0, 0)


def test_a_participant_who_is_not_one_person_is_said(made):
    done = run("mcp", made, "--participant", "alice")

    assert done.returncode == 0
    assert "Nothing will be answered: this server is limited to" in done.stderr


def test_http_says_so_too_and_serves(folder):
    index_of(folder).unlink()

    server = subprocess.Popen(
        [*COMMAND, "mcp", str(folder), "--http", "0"],
        cwd=ROOT,
        env=CLEAN,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = [server.stderr.readline(), server.stderr.readline()]
    server.terminate()
    server.communicate(timeout=20)

    assert "there is no index" in said[0]
    assert said[1].startswith("Serving http://127.0.0.1:")
