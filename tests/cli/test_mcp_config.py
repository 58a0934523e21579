"""What is printed to be pasted, and that it starts the server."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from assistants import ROOT, ask, folder_of, index, run, world_of
from builders import THREAD
from shared.bootstrap.assistant import TOOL_NAMES


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = folder_of(asyncio.run(world_of()), tmp_path_factory.mktemp("config") / "a b")
    index(made)
    return made


def printed(*arguments, **env):
    done = run("mcp", *arguments, **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_each_client_gets_its_own_shape(folder):
    limits = ("--thread", THREAD, "--participant", "8:acs:x", "--stale-ok")
    arguments = ["mcp", str(folder), *limits]
    claude, _ = printed(folder, *limits, "--print-config", "claude")
    vscode, _ = printed(folder, *limits, "--print-config", "vscode")
    copilot, _ = printed(folder, *limits, "--print-config", "copilot")

    command = claude["mcpServers"]["chat-archive"]["command"]
    assert Path(command).name.startswith("chat-archive")
    started = {"command": command, "args": arguments}
    assert claude == {"mcpServers": {"chat-archive": started}}
    assert vscode == {"servers": {"chat-archive": {"type": "stdio", **started}}}
    local = {"type": "local", **started, "tools": list(TOOL_NAMES)}
    assert copilot == {"mcpServers": {"chat-archive": local}}


def test_for_http_it_says_where_and_leaves_the_token_to_the_client(folder):
    secret = {"CHAT_ARCHIVE_MCP_TOKEN": "s" * 40}
    claude, said = printed(folder, "--http", "--print-config", "claude", **secret)
    vscode, _ = printed(folder, "--http", "9000", "--print-config", "vscode", **secret)

    assert claude["mcpServers"]["chat-archive"] == {
        "type": "http",
        "url": "http://127.0.0.1:8717/mcp",
        "headers": {"Authorization": "Bearer ${CHAT_ARCHIVE_MCP_TOKEN}"},
    }
    server = vscode["servers"]["chat-archive"]
    (asked,) = vscode["inputs"]
    assert server["url"] == "http://127.0.0.1:9000/mcp"
    assert server["headers"]["Authorization"] == f"Bearer ${{input:{asked['id']}}}"
    assert asked["password"]
    assert "CHAT_ARCHIVE_MCP_TOKEN" in said
    assert "s" * 40 not in str((claude, vscode)) + said


@pytest.mark.parametrize("options", [("copilot", "--http"), ("claude", "--http", "0")])
def test_what_could_not_be_reached_is_refused(folder, options):
    client, *rest = options
    done = run("mcp", folder, *rest, "--print-config", client)

    assert done.returncode == 2
    assert not done.stdout


def test_no_secret_of_an_address_is_printed(folder):
    signed = "https://x.blob.core.windows.net/chat-archive?sv=1&sig=secret"
    by_address, said = printed(signed, "--print-config", "vscode")
    key = "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=c2VjcmV0"
    by_key, asked = printed("--print-config", "claude", CHAT_STORAGE=key)

    server = by_address["servers"]["chat-archive"]
    assert server["args"] == ["mcp", signed.partition("?")[0]]
    assert "secret" in said
    assert "sig=" not in said
    assert by_key["mcpServers"]["chat-archive"]["args"] == ["mcp"]
    assert "c2VjcmV0" not in asked


def test_a_path_is_found_from_anywhere(folder):
    done = subprocess.run(
        [sys.executable, "-m", "shared.cli.main", "mcp", folder.name,
         "--print-config", "claude"],
        capture_output=True, text=True, cwd=folder.parent, check=True,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip

    server = json.loads(done.stdout)["mcpServers"]["chat-archive"]
    assert server["args"] == ["mcp", str(folder)]


async def test_what_is_printed_starts_the_server(folder):
    config, _ = printed(folder, "--print-config", "claude")
    server = config["mcpServers"]["chat-archive"]
    own = Path(sys.executable).with_name("chat-archive")
    command = shutil.which(server["command"]) or str(own)

    parameters = StdioServerParameters(command=command, args=server["args"])
    async with Client(parameters) as client:
        found = await ask(client, "list_threads")

    assert len(found["threads"]) == 2


def test_without_the_package_one_sentence_says_what_to_install(folder, tmp_path):
    (tmp_path / "mcp.py").write_text("raise ImportError('no mcp')\n")

    done = run("mcp", folder, PYTHONPATH=os.pathsep.join((str(tmp_path), str(ROOT))))

    assert done.returncode == 2
    assert "install the extra `mcp`" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_imports_no_protocol():
    code = "import sys, shared.cli.main; print('mcp' in sys.modules, 'starlette' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )

    assert done.stdout.split() == ["False", "False"]
