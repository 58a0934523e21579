"""What an assistant gets over http, and what anybody else gets."""

import asyncio
import json

import httpx2
import pytest

from assistants import (
    ask,
    every_call,
    folder_of,
    index,
    log_of,
    over_http,
    over_stdio,
    run,
    serving,
    world_of,
)
from builders import FIRST_ID, THREAD

SECOND = str(FIRST_ID + 1)
TOKEN = "a token of somebody's own, of many letters".replace(" ", "-")
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
ACCEPT = {"accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = folder_of(asyncio.run(world_of()), tmp_path_factory.mktemp("http") / "a")
    index(made)
    return made


async def test_http_answers_as_standard_input_does(folder):
    async with over_stdio(folder) as client:
        by_stdio = [
            await ask(client, tool, **arguments)
            for tool, arguments in every_call(THREAD, SECOND)
        ]
    async with (
        serving(folder) as (_, address, token),
        over_http(address, token) as client,
    ):
        by_http = [
            await ask(client, tool, **arguments)
            for tool, arguments in every_call(THREAD, SECOND)
        ]

    assert by_http == by_stdio


async def test_the_log_names_the_session_of_http(folder):
    async with serving(folder) as (_, address, token):
        for _ in range(2):
            async with over_http(address, token) as client:
                await ask(client, "list_threads")

    lines = [json.loads(line) for line in log_of(folder).read_text().splitlines()]
    first, second = (line["session"] for line in lines[-2:])
    assert first
    assert second
    assert first != second


async def test_the_older_handshake_gets_a_session_that_the_log_names(folder):
    async with serving(folder) as (_, address, token):
        headers = {"authorization": f"Bearer {token}", **ACCEPT}
        async with httpx2.AsyncClient(headers=headers, trust_env=False) as http:
            greeted = await http.post(address, json=HELLO)
            session = greeted.headers["mcp-session-id"]
            headers = {"mcp-session-id": session, "mcp-protocol-version": "2025-06-18"}
            ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
            await http.post(address, headers=headers, json=ready)
            call = {"name": "list_threads", "arguments": {}}
            asked = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}
            answered = await http.post(address, headers=headers, json=asked)

    assert answered.json()["result"]["structuredContent"]["threads"]
    last = json.loads(log_of(folder).read_text().splitlines()[-1])
    assert last["session"] == session


WRONG = {
    "no token": ({}, 401),
    "another token": ({"authorization": "Bearer " + "x" * 43}, 401),
    "a part of it": ({"authorization": f"Bearer {TOKEN[:-1]}"}, 401),
    "more than it": ({"authorization": f"Bearer {TOKEN}x"}, 401),
    "not a bearer": ({"authorization": f"Basic {TOKEN}"}, 401),
    "bare": ({"authorization": TOKEN}, 401),
    "foreign host": ({"authorization": f"Bearer {TOKEN}", "host": "evil.example"}, 421),
    "rebound host": (
        {"authorization": f"Bearer {TOKEN}", "host": "127.0.0.1.evil.example:8717"},
        421,
    ),
    "another port": ({"authorization": f"Bearer {TOKEN}", "host": "127.0.0.1:1"}, 421),
    "no port": ({"authorization": f"Bearer {TOKEN}", "host": "127.0.0.1"}, 421),
    "foreign origin": (
        {"authorization": f"Bearer {TOKEN}", "origin": "https://evil.example"},
        403,
    ),
    "no origin at all": ({"authorization": f"Bearer {TOKEN}", "origin": "null"}, 403),
    "origin of another port": (
        {"authorization": f"Bearer {TOKEN}", "origin": "http://127.0.0.1:1"},
        403,
    ),
}


async def test_only_who_has_the_token_and_comes_from_here_is_answered(folder):
    own = {"authorization": f"Bearer {TOKEN}"}
    async with serving(folder, CHAT_ARCHIVE_MCP_TOKEN=TOKEN) as (process, address, _):
        async with httpx2.AsyncClient(headers=ACCEPT, trust_env=False) as http:
            for name, (headers, status) in WRONG.items():
                for method in ("POST", "GET", "DELETE", "OPTIONS"):
                    answer = await http.request(
                        method, address, headers=headers, json=HELLO
                    )
                    assert answer.status_code == status, (name, method)
                    assert answer.content == b"", name
                    assert "mcp-session-id" not in answer.headers
                    assert "access-control-allow-origin" not in answer.headers
            twice = [("authorization", f"Bearer {TOKEN}")] * 2
            both = await http.post(address, headers=twice, json=HELLO)
            right = await http.post(address, headers=own, json=HELLO)
            top = address.removesuffix("/mcp")
            others = [
                await http.get(top + path, headers=own)
                for path in (
                    "/",
                    "/docs",
                    "/mcp/",
                    "/.well-known/oauth-authorization-server",
                )
            ]
        process.terminate()
        said = process.stderr.read() + process.stdout.read()

    assert both.status_code == 401
    assert right.status_code == 200
    assert [answer.status_code for answer in others] == [404] * len(others)
    assert said == ""


async def test_a_request_of_own_origin_is_answered(folder):
    async with serving(folder, CHAT_ARCHIVE_MCP_TOKEN=TOKEN) as (_, address, _):
        headers = {
            "authorization": f"Bearer {TOKEN}",
            "origin": address.removesuffix("/mcp"),
            **ACCEPT,
        }
        async with httpx2.AsyncClient(headers=headers, trust_env=False) as http:
            answer = await http.post(address, json=HELLO)
            large = await http.post(address, json={**HELLO, "x": "y" * 300_000})

    assert answer.status_code == 200
    assert large.status_code == 413


async def test_a_token_is_drawn_anew_and_printed_once(folder):
    tokens = set()
    for _ in range(2):
        async with serving(folder) as (process, address, token):
            async with over_http(address, token) as client:
                await ask(client, "search_messages", query="promise")
            process.terminate()
            rest = process.stderr.read() + process.stdout.read()
        tokens.add(token)
        assert len(token) >= 32
        assert token not in rest
        assert token not in log_of(folder).read_text()
        assert rest == ""

    assert len(tokens) == 2


@pytest.mark.parametrize("token", ["short", "x" * 31, "x" * 40 + "é", "x y" * 20])
def test_a_token_that_is_too_weak_is_refused_and_not_shown(folder, token):
    done = run("mcp", folder, "--http", "0", CHAT_ARCHIVE_MCP_TOKEN=token)

    assert done.returncode == 2
    assert "CHAT_ARCHIVE_MCP_TOKEN" in done.stderr
    assert token not in done.stdout + done.stderr


async def test_it_listens_on_loopback_only_and_says_when_a_port_is_taken(folder):
    async with serving(folder) as (_, address, _):
        port = address.split(":")[2].removesuffix("/mcp")
        taken = await asyncio.to_thread(run, "mcp", folder, "--http", port)

    assert address.startswith("http://127.0.0.1:")
    assert taken.returncode == 2
    assert f"port {port} cannot be used" in taken.stderr.lower()


def test_an_archive_after_http_is_not_taken_for_a_port(folder):
    done = run("mcp", "--http", folder)

    assert done.returncode == 2
    assert "ARCHIVE stands before --http" in done.stderr
