"""The archive in memory."""

from shared.domain import layout
from shared.domain.errors import IntegrityError
from shared.ports.archive_store import AlreadyExists, Shelf


class MemoryArchiveStore:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def shelf(self, thread_id: str) -> Shelf:
        folder = layout.thread_folder(thread_id)
        mine = [path for path in self.files if path.startswith(folder)]
        finished = [path for path in mine if path.endswith("/manifest.json")]
        return Shelf(
            newest=max((layout.revision_number(p) or 0 for p in finished), default=0),
            last_used=max((layout.revision_number(p) or 0 for p in mine), default=0),
        )

    async def read(self, path: str) -> bytes:
        if path not in self.files:
            raise IntegrityError(f"{path} is missing from the archive")
        return self.files[path]

    async def create(self, path: str, data: bytes) -> None:
        if path in self.files:
            raise AlreadyExists(f"{path} exists already")
        self.files[path] = data
