"""An archive in a folder: a downloaded copy, an export, a mounted share.

Rule 1: links are not followed out of the folder: a link is reported, never read.
Rule 2: files are small and disks are fast: reading and writing do not use threads,
        which would take longer than the work itself.
Rule 3: a file is created or replaced whole or not at all, and created only once.
Rule 4: only the user may read what is written, whatever the umask.
"""

import asyncio
import errno
import functools
import itertools
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from shared.domain import layout
from shared.domain.errors import IntegrityError, Transient
from shared.ports.archive_store import AlreadyExists, Immutable, StoredFile

PART = 4 * 1024 * 1024
FOLDER_MODE, FILE_MODE = 0o700, 0o600
UNFINISHED = ".unfinished/"
LONGEST_PART = 100
"""Characters of a file's name that its unfinished one has too, to be recognised by."""
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""The errors of a file system without hard links."""


class FolderArchive:
    """The files in one folder, and appends to a log."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.numbers = itertools.count()
        # The files of a folder are read one after the other: resolve the folder once.
        self.is_inside = functools.lru_cache(maxsize=256)(self.resolves_inside)

    @functools.cached_property
    def real(self) -> str:
        """The folder with its links resolved."""
        return os.path.realpath(self.root)

    def resolves_inside(self, folder: str) -> bool:
        """Return whether a folder, its links resolved, is inside the archive."""
        target = os.path.realpath(folder)
        return os.path.commonpath((target, self.real)) == self.real

    async def walk(self, prefix: str = "") -> AsyncIterator[StoredFile]:
        """Yield every file under a prefix."""
        folder = prefix.rpartition("/")[0]
        start = self.root / folder
        if not self.resolves_inside(str(start)) or not start.is_dir():
            return
        for file in files_below(start, f"{folder}/" if folder else ""):
            await asyncio.sleep(0)  # let other tasks run during a long walk
            if file.path.startswith(prefix):
                yield file

    async def folders(self, prefix: str = "") -> AsyncIterator[str]:
        """Yield each folder at the top."""
        with os.scandir(self.root) as entries:
            names = [
                entry.name
                for entry in entries
                if entry.name.startswith(prefix) and entry.is_dir(follow_symlinks=False)
            ]
        for name in sorted(names):
            yield name

    async def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return b"".join([part async for part in self.stream(path)])

    async def stream(self, path: str, start: int = 0) -> AsyncIterator[bytes]:
        """Yield a file's bytes from `start` on, in parts."""
        try:
            with self.open_for_reading(path) as file:
                file.seek(start)
                while part := file.read(PART):
                    yield part
                    await asyncio.sleep(0)
        except OSError as error:
            raise Transient(f"read {path}: {error.strerror}") from None

    async def tail(self, path: str, count: int) -> bytes:
        """Return the last bytes of a file."""
        with self.open_for_reading(path) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - count))
            return file.read()

    def open_for_reading(self, path: str) -> IO[bytes]:
        self.check_plain(path)
        return open(self.at(path), "rb")

    def check_plain(self, path: str) -> None:
        """Raise `IntegrityError` unless a plain file stands there, in this folder."""
        file = self.at(path)
        if not self.is_inside(os.path.dirname(file)) or not is_plain(file):
            raise IntegrityError(f"{path} is missing from the archive")

    def at(self, path: str) -> str:
        # A string: building a Path object costs more than the work done with it here.
        return f"{self.root}{os.sep}{path}"

    async def create(self, path: str, data: bytes | AsyncIterator[bytes]) -> None:
        """Write a file that does not exist yet."""
        await self.write(path, data, link)

    async def check_erasable(self) -> None:
        """Raise `Immutable` if the folder is not writable."""
        if not os.access(self.root, os.W_OK):
            raise Immutable("the folder cannot be written")

    async def remove(self, path: str) -> None:
        """Delete a file, and its folder once that is empty."""
        file = self.at(path)
        try:
            os.unlink(file)
        except FileNotFoundError:
            return
        except PermissionError:
            raise Immutable(f"{path} may not be removed") from None
        except OSError as error:
            raise Transient(f"remove {path}: {error.strerror}") from None
        with suppress(OSError):
            os.rmdir(os.path.dirname(file))

    async def replace(self, path: str, data: bytes | AsyncIterator[bytes]) -> None:
        """Write a file in place of an existing one."""
        await self.write(path, data, os.replace)

    async def write(
        self,
        path: str,
        data: bytes | AsyncIterator[bytes],
        put: Callable[[str, str], None],
    ) -> None:
        """Write a file where unfinished ones stand, then move it into place with `put`.

        What a killed writer leaves is no part of the archive there.
        """
        target = self.at(path)
        name = os.path.basename(path)[-LONGEST_PART:]
        unfinished = self.at(UNFINISHED)
        file = f"{unfinished}{name}.{os.getpid()}-{next(self.numbers)}"
        try:
            with open_in_folder(file, "wb") as out:
                if isinstance(data, bytes):
                    out.write(data)
                else:
                    async for part in data:
                        out.write(part)
            put_into_folder(put, file, target)
        except FileExistsError:
            raise AlreadyExists(f"{path} exists already") from None
        except PermissionError:
            raise Immutable(f"{path} may not be changed") from None
        except OSError as error:
            raise Transient(f"write {path}: {error.strerror}") from None
        finally:
            with suppress(OSError):
                os.unlink(file)
            with suppress(OSError):
                os.rmdir(unfinished)

    async def append(self, stem: str, line: bytes) -> None:
        """Append a line to a log; return once it is on disk."""
        path = layout.segment_path(stem, 0)
        try:
            with open_in_folder(self.at(path), "a+b") as file:
                # If a process died in the middle of a line, keep the next one whole.
                file.write(line if ends_a_line(file) else b"\n" + line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Transient(f"append to {path}: {error.strerror}") from None


def open_in_folder(file: str, mode: str) -> IO[bytes]:
    """Open a file for writing; create its folder if it does not exist."""
    private = functools.partial(os.open, mode=FILE_MODE)
    try:
        return open(file, mode, opener=private)
    except FileNotFoundError:
        make_folders(os.path.dirname(file))
        return open(file, mode, opener=private)


def put_into_folder(put: Callable[[str, str], None], file: str, target: str) -> None:
    """Move a file into a folder; create that if it does not exist."""
    try:
        put(file, target)
    except FileNotFoundError:
        make_folders(os.path.dirname(target))
        put(file, target)


def make_folders(folder: str) -> None:
    """Create a folder, and those above it, where they are missing."""
    above = os.path.dirname(folder)
    if above and not os.path.isdir(above):
        make_folders(above)
    with suppress(FileExistsError):
        os.mkdir(folder, FOLDER_MODE)


def link(file: str, target: str) -> None:
    """Move a finished file to its name, unless the name is taken.

    Raises:
        FileExistsError: the name is taken. On a file system without hard links, such as
            some network shares, a file that another machine creates in the same moment
            goes unnoticed and is replaced.

    """
    try:
        os.link(file, target)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if os.path.exists(target):
            raise FileExistsError from None
        os.replace(file, target)


def ends_a_line(file: IO[bytes]) -> bool:
    """Return whether a file is empty or ends with a newline."""
    if not file.seek(0, os.SEEK_END):
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def files_below(folder: Path, prefix: str) -> Iterator[StoredFile]:
    """Yield the files of a folder and its subfolders, in the order of their paths."""
    entries = sorted(os.scandir(folder), key=name_in_order)
    for entry in entries:
        path = f"{prefix}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from files_below(Path(entry.path), f"{path}/")
            continue
        status = entry.stat(follow_symlinks=False)
        yield StoredFile(
            path=path, size=status.st_size, is_plain=stat.S_ISREG(status.st_mode)
        )


def name_in_order(entry: "os.DirEntry[str]") -> str:
    return f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name


def is_plain(file: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(file).st_mode)
    except OSError:
        return False
