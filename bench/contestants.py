"""What is measured: the naive way, the product, and the floor it cannot beat."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient, ContainerClient

from shared.adapters.storage.append_log import BlobAppendLog
from shared.adapters.storage.clients import APPEND_OPTIONS, Account
from shared.bootstrap.identity import new_salt, utc_now
from shared.domain.log.work import Work
from shared.usecases.capture.ingest import Ingest


class Naive:
    """One append per event, with the SDK used as in its samples."""

    name = "naive"

    def __init__(self, connection_string: str, container: str) -> None:
        self.service = BlobServiceClient.from_connection_string(connection_string)
        self.container = container
        self.appends = 0

    async def put(self, text: str) -> None:
        event = json.loads(text)
        path = event["data"]["threadId"].replace(":", "_") + ".jsonl"
        blob = self.service.get_blob_client(self.container, path)
        line = f"{json.dumps(event)}\n".encode()
        self.appends += 1
        try:
            await blob.append_block(line)
        except ResourceNotFoundError:
            await blob.create_append_blob()
            await blob.append_block(line)

    async def close(self) -> None:
        await self.service.close()


class NoQueue:
    """A queue that is never used: no event of a benchmark deletes its thread."""

    async def put(self, work: Work, *, delay: timedelta = timedelta()) -> None:
        raise AssertionError(work.thread_id)

    async def oldest(self) -> datetime | None:
        raise AssertionError("nobody asks")


class Product:
    """The product's own ingest, from the text of an event to its durable record."""

    name = "product"

    def __init__(self, connection_string: str, container: str) -> None:
        account = Account(connection_string=connection_string)
        self.service = account.blobs(**APPEND_OPTIONS)
        self.client = Counting(self.service.get_container_client(container))
        self.log = BlobAppendLog(cast("ContainerClient", self.client))
        self.ingest = Ingest(
            log=self.log,
            queue=NoQueue(),
            clock=utc_now,
            new_salt=new_salt,
            settle_for=timedelta(),
        )

    async def put(self, text: str) -> None:
        await self.ingest(text)

    @property
    def appends(self) -> int:
        return self.client.appends

    async def close(self) -> None:
        await self.log.close()
        await self.service.close()


class Counting:
    """A container client that records the blocks appended through it."""

    def __init__(self, container: ContainerClient) -> None:
        self.container = container
        self.blocks: dict[str, list[bytes]] = defaultdict(list)
        self.appends = 0
        self.in_flight = 0
        self.most_in_flight = 0

    def get_blob_client(self, path: str) -> "CountingBlob":
        return CountingBlob(self, path, self.container.get_blob_client(path))

    def reset(self) -> None:
        self.blocks.clear()
        self.appends = self.most_in_flight = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.container, name)


class CountingBlob:
    """A blob client that reports to its container what it appends."""

    def __init__(self, owner: Counting, path: str, blob: Any) -> None:
        self.owner, self.path, self.blob = owner, path, blob

    async def append_block(self, block: bytes, **options: Any) -> Any:
        owner = self.owner
        owner.appends += 1
        owner.blocks[self.path].append(block)
        owner.in_flight += 1
        owner.most_in_flight = max(owner.most_in_flight, owner.in_flight)
        try:
            return await self.blob.append_block(block, **options)
        finally:
            owner.in_flight -= 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self.blob, name)


async def append_blocks(
    container: ContainerClient, blocks: dict[str, list[bytes]], concurrency: int
) -> list[float]:
    """Append blocks in a bare loop, the floor; return the seconds of each append.

    As in the product, the blocks of one blob are appended one after the other, and at
    most `concurrency` at once.
    """
    loop = asyncio.get_running_loop()
    free = asyncio.Semaphore(concurrency)
    times: list[float] = []

    async def append_to_blob(path: str, own: list[bytes]) -> None:
        blob = container.get_blob_client(path)
        for block in own:
            async with free:
                started = loop.time()
                await blob.append_block(block, length=len(block))
                times.append(loop.time() - started)

    await asyncio.gather(*(append_to_blob(*item) for item in blocks.items()))
    return times


def take(events: Iterator[str], count: int) -> list[str]:
    return [next(events) for _ in range(count)]
