"""The archive in memory."""

from shared.domain import layout
from shared.domain.errors import IntegrityError
from shared.ports.archive_store import AlreadyExists, Immutable, StoredFile


class MemoryArchiveStore:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.immutable = False

    async def walk(self, prefix: str = ""):
        for path in sorted(self.files):
            if path.startswith(prefix):
                yield StoredFile(path=path, size=len(self.files[path]))

    async def folders(self, prefix: str = ""):
        tops = {path.partition("/")[0] for path in self.files if "/" in path}
        for name in sorted(tops):
            if name.startswith(prefix):
                yield name

    async def read(self, path: str) -> bytes:
        if path not in self.files:
            raise IntegrityError(f"{path} is missing from the archive")
        return self.files[path]

    async def stream(self, path: str, start: int = 0):
        yield (await self.read(path))[start:]

    async def tail(self, path: str, count: int) -> bytes:
        return (await self.read(path))[-count:]

    async def create(self, path, data) -> None:
        if path in self.files:
            raise AlreadyExists(f"{path} exists already")
        if not isinstance(data, bytes):
            data = b"".join([part async for part in data])
            if path in self.files:
                raise AlreadyExists(f"{path} exists already")
        self.files[path] = data

    async def check_erasable(self) -> None:
        if self.immutable:
            raise Immutable("a policy forbids it")

    async def remove(self, path: str) -> None:
        self.files.pop(path, None)

    async def replace(self, path: str, data) -> None:
        if not isinstance(data, bytes):
            data = b"".join([part async for part in data])
        self.files[path] = data

    async def holds(self, path: str) -> bool:
        return path in self.files

    async def append(self, stem: str, line: bytes) -> None:
        path = layout.segment_path(stem, 0)
        self.files[path] = self.files.get(path, b"") + line
