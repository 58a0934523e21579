"""Every request of the wired clients waits for its turn, and shares its connections."""

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from aiohttp import TCPConnector, connector

from serving import served
from shared.adapters.chat.finder import AcsThreadFinder
from shared.adapters.chat.service import AcsChatService
from shared.bootstrap.finalizing import open_chat_clients
from shared.config.reader import read_settings
from shared.config.settings import read_chat

WITHIN = timedelta(seconds=20)


def wired(here, **options):
    key = here.service.tokens.access_key
    connection_string = f"endpoint={here.endpoint}/;accesskey={key}"
    settings = read_settings({"ACS_CONNECTION_STRING": connection_string}, read_chat)
    trust = {"connection_verify": str(here.ca_file)}
    return open_chat_clients(settings, **(options or trust))


async def test_every_kind_of_request_is_counted(tmp_path):
    async with served(tmp_path) as here, wired(here) as chat_clients:
        thread, (alice,) = here.thread("Alice")

        await AcsThreadFinder(chat_clients, WITHIN).threads_of(alice.id)
        await AcsChatService(chat_clients, WITHIN).list_thread(thread.id, alice.id)

    counted = {key: len(times) for key, times in chat_clients.limiter.passed.items()}
    assert counted == {
        ("tokens",): 1,
        ("threads", alice.id): 2,  # the list of threads, and this one's properties
        ("messages", thread.id, alice.id): 1,
        ("messages", thread.id): 1,
        ("participants", thread.id, alice.id): 1,
        ("participants", thread.id): 1,
        ("receipts", thread.id, alice.id): 1,
    }


async def test_a_retry_is_counted_like_any_other_request(tmp_path):
    async with served(tmp_path) as here, wired(here) as chat_clients:
        user = here.service.world.new_identity()
        await AcsThreadFinder(chat_clients, WITHIN).threads_of(user)
        here.service.behaviour.throttle = 0.5
        here.service.behaviour.retry_after = 0.01

        for _ in range(5):
            await AcsThreadFinder(chat_clients, WITHIN).threads_of(user)

    assert len(chat_clients.limiter.passed["threads", user]) > 6


async def test_many_threads_share_their_connections(tmp_path, monkeypatch):
    made = []
    create = TCPConnector._create_connection

    async def count(self, *details):
        made.append(details)
        return await create(self, *details)

    monkeypatch.setattr(TCPConnector, "_create_connection", count)
    async with served(tmp_path) as here:
        # A CA that is given by its path costs a TLS context, and so a connection, for
        # every request; the system's own is trusted by all of them.
        trusting = ssl.create_default_context(cafile=here.ca_file)
        monkeypatch.setattr(connector, "_SSL_CONTEXT_VERIFIED", trusting)
        async with wired(here, connection_verify=True) as chat_clients:
            for _ in range(5):
                thread, (alice,) = here.thread("Alice")
                await AcsChatService(chat_clients, WITHIN).list_thread(
                    thread.id, alice.id
                )

    assert len(made) == 2  # one to the identity service, one to the chat service


@asynccontextmanager
async def http_proxy():
    """Run a proxy on loopback; give its address and where it was asked to connect."""
    asked = []

    async def pipe(reader, writer):
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        method, place, _ = head.split(b" ", 2)
        asked.append((method.decode(), place.decode()))
        host, port = place.decode().split(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", asked


@pytest.mark.parametrize("is_named", [True, False])
async def test_a_proxy_is_used_where_the_environment_names_one(
    tmp_path, monkeypatch, is_named
):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with served(tmp_path) as here, http_proxy() as (address, asked):
        thread, (alice,) = here.thread("Alice")
        if is_named:
            monkeypatch.setenv("https_proxy", address)

        async with wired(here) as chat_clients:
            await AcsChatService(chat_clients, WITHIN).list_thread(thread.id, alice.id)

    assert {method for method, _ in asked} == ({"CONNECT"} if is_named else set())
