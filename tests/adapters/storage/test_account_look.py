"""What an account answers to who only looks: Azurite's, and odd ones."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from shared.adapters.storage.account_look import LOOK_OPTIONS, StorageLook


@asynccontextmanager
async def look_at(connection_string):
    def queue(name):
        return QueueClient.from_connection_string(
            connection_string, name, **LOOK_OPTIONS
        )

    blobs = BlobServiceClient.from_connection_string(connection_string, **LOOK_OPTIONS)
    async with blobs:
        yield StorageLook(blobs, queue)


@pytest.mark.azurite
async def test_azurite_answers(running_azurite, fresh_name):
    connection_string = running_azurite.connection_string
    async with (
        look_at(connection_string) as look,
        BlobServiceClient.from_connection_string(connection_string) as blobs,
        QueueServiceClient.from_connection_string(connection_string) as queues,
    ):
        assert (await look.container(fresh_name)).code == "ContainerNotFound"
        assert (await look.queue(fresh_name)).code == "QueueNotFound"
        container = await blobs.create_container(fresh_name)
        queue = await queues.create_queue(fresh_name)
        assert (await look.container(fresh_name)).depth == 0
        await container.upload_blob("a", b"x")
        await container.upload_blob("b", b"y")
        await queue.send_message("m")

        found, waiting = await look.container(fresh_name), await look.queue(fresh_name)

        assert (found.status, found.is_well, found.depth) == (200, True, 1)
        assert abs(datetime.now(UTC) - found.said_on).total_seconds() < 5
        assert (waiting.is_well, waiting.depth) == (True, 1)
        (message,) = await queue.peek_messages(5)
        assert not message.dequeue_count
        await blobs.delete_container(fresh_name)
        await queues.delete_queue(fresh_name)


ODD = {
    "a page": b"200 OK\r\nContent-Length: 6\r\nContent-Type: text/html\r\n\r\n<html>",
    "no list": b"200 OK\r\nContent-Type: application/xml\r\nContent-Length: 4\r\n\r\n<a/>",
    "a failure": b"500 X\r\nContent-Length: 0\r\n\r\n",
    "a proxy": b"407 X\r\nContent-Length: 3\r\n\r\nabc",
    "a redirect": b"302 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    "an odd time": b"403 X\r\nDate: nonsense\r\nContent-Length: 0\r\n\r\n",
    "a time without a zone": b"403 X\r\nDate: Fri, 27 Nov 2026 20:00:00\r\nContent-Length: 0\r\n\r\n",
    "half an answer": b"200 OK\r\nContent-Length: 999\r\n\r\n<",
    "noise": b"\x00\x01\x02\r\n\r\n",
}


@pytest.mark.parametrize("odd", ODD)
async def test_an_odd_answer_is_an_answer(odd):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + ODD[odd])
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/acme"
        account = (
            f"AccountName=acme;AccountKey=a2V5;BlobEndpoint={url};QueueEndpoint={url}"
        )
        async with look_at(f"DefaultEndpointsProtocol=http;{account}") as look:
            for found in (await look.container("c"), await look.queue("q")):
                assert not found.is_well
                assert found.said_on is None


async def test_nobody_there():
    account = "AccountName=acme;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/acme"
    async with look_at(f"DefaultEndpointsProtocol=http;{account}") as look:
        found = await look.container("c")

    assert (found.status, found.is_well) == (0, False)
