"""An archive on any file system that fsspec supports: s3, gs, abfs, sftp, memory.

Rule 1: a file appears whole or not at all, if the file system can do that.
Rule 2: an existing file is never overwritten, except when two processes create the same
        file at the same moment: most of these file systems cannot create a file only if
        it is missing (docs/storage.md).
Rule 3: an append is a file of its own, since most of them cannot append either.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from shared.domain import layout
from shared.domain.errors import IntegrityError, Transient
from shared.ports.archive_store import AlreadyExists, Immutable, StoredFile

PART = 4 * 1024 * 1024


class FsspecArchive:
    """The files under one path of a file system, and appends to a log."""

    def __init__(self, files: Any, root: str) -> None:
        """Use `files`, an fsspec file system, below `root`."""
        self.files = files
        self.root = root.rstrip("/")
        self.writing: set[str] = set()
        self.rolls: dict[str, int] = {}
        self.rolling = asyncio.Lock()

    async def walk(self, prefix: str = "") -> AsyncIterator[StoredFile]:
        """Yield every file under a prefix."""
        folder = prefix.rpartition("/")[0]
        async for file in self.below(f"{folder}/" if folder else ""):
            if file.path.startswith(prefix):
                yield file

    async def folders(self, prefix: str = "") -> AsyncIterator[str]:
        """Yield each folder at the top."""
        for path, _ in sorted(await self.run("list the top", self.listed, "")):
            if path.endswith("/") and path.startswith(prefix):
                yield path.removesuffix("/")

    async def below(self, folder: str) -> AsyncIterator[StoredFile]:
        """Yield the files of a folder and its subfolders, in order of their paths."""
        for path, size in sorted(await self.run(f"list {folder}", self.listed, folder)):
            if not path.endswith("/"):
                yield StoredFile(path=path, size=size)
                continue
            async for file in self.below(path):
                yield file

    def listed(self, folder: str) -> list[tuple[str, int]]:
        """Return a folder's entries with their sizes; subfolders end with a slash."""
        try:
            listing = self.files.ls(self.at(folder), detail=True, refresh=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        entries = []
        for entry in listing:
            name = str(entry["name"]).rstrip("/").rpartition("/")[2]
            is_folder = entry["type"] == "directory"
            path = f"{folder}{name}{'/' if is_folder else ''}"
            entries.append((path, int(entry["size"] or 0)))
        return entries

    async def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        data: bytes = await self.run(f"read {path}", self.files.cat_file, self.at(path))
        return data

    async def stream(self, path: str, start: int = 0) -> AsyncIterator[bytes]:
        """Yield a file's bytes from `start` on, in parts."""
        while part := await self.run(f"read {path}", self.part, path, start):
            yield part
            start += len(part)

    def part(self, path: str, start: int) -> bytes:
        at = self.at(path)
        if start and start >= self.files.size(at):
            return b""
        data: bytes = self.files.cat_file(at, start=start, end=start + PART)
        return data

    async def tail(self, path: str, count: int) -> bytes:
        """Return the last bytes of a file."""
        data: bytes = await self.run(
            f"read {path}", self.files.tail, self.at(path), count
        )
        return data

    async def create(self, path: str, data: bytes | AsyncIterator[bytes]) -> None:
        """Write a file that does not exist yet."""
        if path in self.writing:
            raise AlreadyExists(f"{path} is being written already")
        self.writing.add(path)
        try:
            if await self.run(f"look for {path}", self.files.exists, self.at(path)):
                raise AlreadyExists(f"{path} exists already")
            await self.write(path, data)
        finally:
            self.writing.discard(path)

    async def check_erasable(self) -> None:
        """Do nothing: these file systems cannot say beforehand."""

    async def remove(self, path: str) -> None:
        """Delete a file."""
        if await self.run(f"look for {path}", self.files.exists, self.at(path)):
            await self.run(f"remove {path}", self.files.rm_file, self.at(path))

    async def replace(self, path: str, data: bytes) -> None:
        """Write a file in place of an existing one."""
        await self.write(path, data)

    async def write(self, path: str, data: bytes | AsyncIterator[bytes]) -> None:
        what = f"write {path}"
        file = await self.run(what, self.open_for_writing, path)
        try:
            if isinstance(data, bytes):
                await self.run(what, file.write, data)
            else:
                async for part in data:
                    await self.run(what, file.write, part)
            await self.run(what, file.close)
        except BaseException:
            file.discard()
            raise
        await self.run(what, file.commit)

    def open_for_writing(self, path: str) -> Any:
        at = self.at(path)
        self.files.makedirs(at.rpartition("/")[0], exist_ok=True)
        return self.files.open(at, "wb", autocommit=False)

    async def append(self, stem: str, line: bytes) -> None:
        """Write a line into a file of its own: most of these stores cannot append."""
        async with self.rolling:
            if stem not in self.rolls:
                paths = [file.path async for file in self.walk(stem)]
                self.rolls[stem] = max(map(layout.segment_roll, paths), default=-1)
            self.rolls[stem] += 1
            roll = self.rolls[stem]
        await self.create(layout.segment_path(stem, roll), line)

    def at(self, path: str) -> str:
        return f"{self.root}/{path}"

    async def run(self, what: str, do: Callable[..., Any], *arguments: Any) -> Any:
        """Call `do` in a thread; convert its errors into those of the port."""
        try:
            return await asyncio.to_thread(do, *arguments)
        except FileNotFoundError:
            path = what.partition(" ")[2]
            raise IntegrityError(f"{path} is missing from the archive") from None
        except PermissionError:
            raise Immutable(f"{what}: not permitted") from None
        except OSError as error:
            raise Transient(
                f"{what}: {error.strerror or type(error).__name__}"
            ) from None
