"""Where an archive stands: a folder, a container, or a file system of fsspec."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from shared.domain import layout
from shared.ports.append_log import AppendLog, ThreadLogs
from shared.ports.archive_store import ArchiveFiles, ErasableArchive
from shared.ports.leases import Leases

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient

    from shared.adapters.storage.clients import Account

PACKED = "archive"
REQUEST = "request.json"
CHECKPOINT = "checkpoint.txt"
BESIDE = "-control"
"""Beside a folder stands what a storage account has in the container `chat-control`."""


class Unreadable(click.ClickException):
    """There is nothing here that could be looked at."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An archive that was opened.

    `account` and `blobs` are None for a folder, which has neither log nor queue.
    """

    origin: str
    archive: ErasableArchive
    ledger: AppendLog
    leases: Leases
    control: AppendLog
    control_files: ArchiveFiles
    log: ThreadLogs | None = None
    account: "Account | None" = None
    blobs: "BlobServiceClient | None" = None
    package: Path | None = None
    """The folder of the package, where it is one."""

    async def size(
        self, prefixes: Sequence[str] = (), ends: str | tuple[str, ...] = ""
    ) -> int:
        """Return the bytes of all files under some prefixes, for a bar to run to."""
        total = 0
        for prefix in prefixes or ("",):
            async for file in self.archive.walk(prefix):
                total += file.size if file.path.endswith(ends) else 0
        return total


@asynccontextmanager
async def opened(
    where: str, connection_string: str, *, make: bool = False
) -> AsyncIterator[Target]:
    """Open an archive; with `make`, a folder may be a new one.

    Raises:
        Unreadable: there is none, or nobody said where.

    """
    if not where and not connection_string:
        raise Unreadable(
            "Say which archive: a folder, or https://….blob.core.windows.net/"
            f"{layout.ARCHIVE}, or set CHAT_STORAGE to a connection string."
        )
    if "://" in where and not where.startswith(("https://", "http://")):
        yield file_system(where)
        return
    if where and not where.startswith(("https://", "http://")):
        yield folder(Path(where), make=make)
        return
    async with AsyncExitStack() as stack:
        yield await container(where, connection_string, stack)


def folder(root: Path, *, make: bool) -> Target:
    if make:
        root.mkdir(parents=True, exist_ok=True)
    from shared.adapters.storage.archive_folder import FolderArchive, FolderLeases

    package = root if (root / REQUEST).is_file() and (root / PACKED).is_dir() else None
    inner = root / PACKED if package else root
    if not inner.is_dir():
        raise Unreadable(f"There is no folder {root}.")
    archive = FolderArchive(inner)
    whole = root.resolve()
    beside = whole.with_name(whole.name + BESIDE)
    control = FolderArchive(beside)
    return Target(
        origin=layout.ARCHIVE,
        archive=archive,
        ledger=archive,
        leases=FolderLeases(beside),
        control=control,
        control_files=control,
        package=package,
    )


def file_system(url: str) -> Target:
    """Open an archive on a file system of fsspec."""
    try:
        from fsspec.core import url_to_fs

        files, root = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise Unreadable(
            f"{urlsplit(url).scheme}:// cannot be opened: {error}. Install the extra "
            "`fsspec` and the package of this file system."
        ) from None
    from shared.adapters.storage.archive_folder import NoLeases
    from shared.adapters.storage.archive_fs import FsspecArchive

    archive = FsspecArchive(files, root)
    control = FsspecArchive(files, root.rstrip("/") + BESIDE)
    return Target(
        origin=url,
        archive=archive,
        ledger=archive,
        leases=NoLeases(),
        control=control,
        control_files=control,
    )


async def container(
    address: str, connection_string: str, stack: AsyncExitStack
) -> Target:
    from shared.adapters.storage.append_log import BlobAppendLog
    from shared.adapters.storage.archive_store import BlobArchiveStore
    from shared.adapters.storage.clients import APPEND_OPTIONS, PERSON_OPTIONS, Account
    from shared.adapters.storage.leases import BlobLeases
    from shared.adapters.storage.thread_logs import BlobThreadLogs

    account = Account(connection_string=connection_string)
    name = layout.ARCHIVE
    if address:
        parts = urlsplit(address)
        service, _, name = parts.path.rstrip("/").rpartition("/")
        if not name:
            raise Unreadable(f"Name the container too: {address}/{layout.ARCHIVE}")
        query = f"?{parts.query}" if parts.query else ""
        credential = None
        if not query:
            from azure.identity.aio import DefaultAzureCredential

            credential = await stack.enter_async_context(DefaultAzureCredential())
        account = Account(
            blob_uri=f"{parts.scheme}://{parts.netloc}{service}{query}",
            queue_uri=f"{parts.scheme}://{queue_host(parts.netloc)}{service}{query}",
            credential=credential,
        )
    appends = await stack.enter_async_context(account.blobs(**APPEND_OPTIONS))
    others = await stack.enter_async_context(account.blobs(**PERSON_OPTIONS))
    ledger = BlobAppendLog(appends.get_container_client(name))
    log = BlobThreadLogs(appends, others)
    control = BlobAppendLog(appends.get_container_client(layout.CONTROL))
    for one in (ledger, log, control):
        stack.push_async_callback(one.close)
    return Target(
        origin=f"{urlsplit(others.url).netloc}/{name}",
        archive=BlobArchiveStore(others, container=name),
        ledger=ledger,
        leases=BlobLeases(others),
        control=control,
        control_files=BlobArchiveStore(others, container=layout.CONTROL),
        log=log,
        account=account,
        blobs=others,
    )


def queue_host(blob_host: str) -> str:
    """Return the host of the same account's queues."""
    return blob_host.replace(".blob.", ".queue.", 1)
