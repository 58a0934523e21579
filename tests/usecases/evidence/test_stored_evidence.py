"""A verifier in a thread reads through the loop: flat in memory, and it always ends."""

import asyncio
import threading

import pytest

from builders import NOON
from fakes.archive_store import MemoryArchiveStore
from shared.domain.errors import IntegrityError, Transient
from shared.ports.archive_store import StoredFile
from shared.usecases.evidence.stored_evidence import READ_AHEAD, StoredEvidence
from shared.usecases.evidence.verify import Verify


class Parts(MemoryArchiveStore):
    """A file of many parts, which counts how many were asked for."""

    def __init__(self, count=50, error=None):
        super().__init__()
        self.count, self.error, self.asked = count, error, 0

    async def stream(self, path):
        for _ in range(self.count):
            await asyncio.sleep(0)
            self.asked += 1
            yield b"x"
        if self.error:
            raise self.error


async def in_thread(archive, use):
    stored = StoredEvidence(archive, asyncio.get_running_loop())
    return await asyncio.to_thread(use, stored)


async def test_parts_are_read_a_little_ahead():
    archive, ahead = Parts(), []

    def use(stored):
        for taken, _ in enumerate(stored.chunks("a"), 1):
            ahead.append(archive.asked - taken)

    await in_thread(archive, use)

    assert len(ahead) == 50
    assert max(ahead) <= READ_AHEAD + 2


async def test_a_file_may_be_left_before_its_end():
    archive = Parts()

    def use(stored):
        chunks = stored.chunks("a")
        first = next(chunks)
        chunks.close()
        return first

    assert await in_thread(archive, use) == b"x"
    await asyncio.sleep(0.01)
    assert archive.asked <= READ_AHEAD + 3


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (IntegrityError("gone"), FileNotFoundError),
        (Transient("a storm"), Transient),
        (ZeroDivisionError(), ZeroDivisionError),
    ],
)
async def test_what_fails_is_raised_where_it_is_read(error, raised):
    with pytest.raises(raised):
        await in_thread(Parts(2, error), lambda stored: list(stored.chunks("a")))


async def test_a_link_is_not_read():
    class Links(Parts):
        async def walk(self, prefix=""):
            yield StoredFile(path="a", size=1, is_plain=False)

    archive = Links()

    def use(stored):
        assert stored.names() == ["a"]
        return list(stored.chunks("a"))

    with pytest.raises(OSError, match="a link"):
        await in_thread(archive, use)
    assert archive.asked == 0


async def test_a_verification_that_is_cancelled_ends_its_thread():
    class Slow(MemoryArchiveStore):
        async def walk(self, prefix=""):
            yield StoredFile(path="ledger/000001.jsonl", size=1)

        async def stream(self, path):
            started.set()
            await asyncio.sleep(3600)
            yield b""

    started = asyncio.Event()
    verify = Verify(
        archive=Slow(),
        clock=lambda: NOON,
        on_finding=lambda _: None,
        on_bytes=lambda _: None,
    )
    task = asyncio.create_task(verify())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    def is_over():
        return not any("asyncio" in one.name for one in threading.enumerate())

    await asyncio.wait_for(asyncio.get_running_loop().shutdown_default_executor(), 10)
    assert is_over()
