"""An archive that is reached through the event loop, read by a thread beside it.

A verifier computes most of the time and reads files one after the other. It runs in a
thread, and each part of a file comes from the loop, where the next ones are read ahead.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from shared.domain.errors import IntegrityError
from shared.ports.archive_store import ArchiveFiles

READ_AHEAD = 1
"""Parts of a file that wait to be taken, each of a few MiB."""

Result = TypeVar("Result")


class StoredEvidence:
    """The files of an archive, for a thread to read.

    Its methods block: never call them on the loop itself. All raise `Transient` where
    the archive cannot be reached, and `CancelledError` once `stop` was called.
    """

    def __init__(
        self,
        archive: ArchiveFiles,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.archive = archive
        self.loop = loop
        self.odd: set[str] = set()
        """Links and devices, which are never read."""
        self.waiting: set[Future[Any]] = set()
        self.is_stopped = False

    def names(self, prefix: str = "") -> list[str]:
        """Return the paths of all files under a prefix."""
        return self.wait(self.walk(prefix))

    async def walk(self, prefix: str) -> list[str]:
        names = []
        async for file in self.archive.walk(prefix):
            names.append(file.path)
            if not file.is_plain:
                self.odd.add(file.path)
        return names

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes in parts."""
        if path in self.odd:
            raise OSError("a link or a device")
        parts: asyncio.Queue[bytes | Exception | None] = asyncio.Queue(READ_AHEAD)
        reading = asyncio.run_coroutine_threadsafe(self.read(path, parts), self.loop)
        try:
            while (part := self.wait(parts.get())) is not None:
                if isinstance(part, IntegrityError):
                    raise FileNotFoundError(path)
                if isinstance(part, Exception):
                    raise part
                yield part
        finally:
            reading.cancel()

    async def read(
        self, path: str, parts: "asyncio.Queue[bytes | Exception | None]"
    ) -> None:
        """Read a file ahead of who takes its parts; what is raised is a part too."""
        try:
            async for part in self.archive.stream(path):
                await parts.put(part)
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            await parts.put(error)
        else:
            await parts.put(None)

    def wait(self, task: Coroutine[Any, Any, Result]) -> Result:
        """Return what a coroutine on the loop returns."""
        future = asyncio.run_coroutine_threadsafe(task, self.loop)
        self.waiting.add(future)
        try:
            if self.is_stopped:
                future.cancel()
            return future.result()
        finally:
            self.waiting.discard(future)

    def stop(self) -> None:
        """End whatever the thread waits for, now and later."""
        self.is_stopped = True
        for future in list(self.waiting):
            future.cancel()
