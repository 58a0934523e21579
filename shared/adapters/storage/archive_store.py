"""Archives on block blobs: a file is created once; only an erasure replaces it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus

from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobServiceClient

from shared.adapters.storage import failures
from shared.adapters.storage.clients import create_container, is_folder, why_protected
from shared.domain import layout
from shared.domain.errors import IntegrityError, Transient
from shared.ports.archive_store import AlreadyExists, Immutable, StoredFile

CONTENT_TYPES = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
}
READ_BYTES = 16 * 1024 * 1024
BLOCK_BYTES = 4 * 1024 * 1024
"""Bytes per block of a longer file: the SDK's default."""


class BlobArchiveStore:
    """Files in one container."""

    def __init__(
        self, service: BlobServiceClient, container: str = layout.ARCHIVE
    ) -> None:
        self.service = service
        self.container = service.get_container_client(container)

    async def walk(self, prefix: str = "") -> AsyncIterator[StoredFile]:
        """Yield every file under a prefix."""
        try:
            blobs = self.container.list_blobs(prefix or None, include=["metadata"])
            async for blob in blobs:
                if not is_folder(blob):
                    yield StoredFile(path=blob.name, size=blob.size)
        except AzureError as error:
            if not failures.is_container_missing(error):
                raise Transient(
                    f"list the archive: {failures.describe(error)}"
                ) from None

    async def folders(self, prefix: str = "") -> AsyncIterator[str]:
        """Yield each folder at the top."""
        try:
            # Of a container with a hierarchical namespace, folders are blobs too.
            seen = ""
            async for found in self.container.walk_blobs(prefix, delimiter="/"):
                name, slash, _ = found.name.partition("/")
                if slash and name != seen:
                    seen = name
                    yield name
        except AzureError as error:
            if not failures.is_container_missing(error):
                raise Transient(
                    f"list the archive: {failures.describe(error)}"
                ) from None

    async def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return b"".join([part async for part in self.stream(path)])

    async def stream(self, path: str, start: int = 0) -> AsyncIterator[bytes]:
        """Yield a file's bytes from `start` on, in parts."""
        try:
            offset, part = start, b""
            while offset == start or len(part) == READ_BYTES:
                # One GET per part: within one download the SDK would insist on the ETag
                # of the first, which changes whenever the ledger grows.
                download = await self.container.download_blob(
                    path, offset=offset, length=READ_BYTES
                )
                part = await download.readall()
                offset += READ_BYTES
                yield part
        except ResourceNotFoundError:
            raise IntegrityError(f"{path} is missing from the archive") from None
        except AzureError as error:
            if failures.status(error) == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # the file is empty, or ends exactly here
            raise Transient(f"read {path}: {failures.describe(error)}") from None

    async def tail(self, path: str, count: int) -> bytes:
        """Return the last bytes of a file."""
        blob = self.container.get_blob_client(path)
        try:
            size = (await blob.get_blob_properties()).size
            if not size:
                return b""
            download = await blob.download_blob(offset=max(0, size - count))
            return await download.readall()
        except ResourceNotFoundError:
            raise IntegrityError(f"{path} is missing from the archive") from None
        except AzureError as error:
            raise Transient(f"read {path}: {failures.describe(error)}") from None

    async def create(self, path: str, data: bytes | AsyncIterator[bytes]) -> None:
        """Write a file that does not exist yet."""
        if not isinstance(data, bytes):
            data = await short_or_long(data)
        if not isinstance(data, bytes):
            await self.make_sure_of_container()
        attempts = 2 if isinstance(data, bytes) else 1  # a stream cannot be resent
        for _ in range(attempts):
            try:
                # Without overwriting, the SDK sends if-none-match: of two processes
                # that create the same file, one fails instead of replacing it (P4).
                await self.upload(path, data, overwrite=False)
            except AzureError as error:
                if failures.code(error) == "BlobAlreadyExists":
                    raise AlreadyExists(f"{path} exists already") from None
                if not failures.is_container_missing(error):
                    raise Transient(
                        f"create {path}: {failures.describe(error)}"
                    ) from None
                with failures.as_transient("create the archive's container"):
                    await create_container(self.container)
            else:
                return
        raise Transient(f"create {path}: the container was only just created")

    async def make_sure_of_container(self) -> None:
        """Create the container if it is missing: a stream cannot be sent again."""
        with failures.as_transient("create the archive's container"):
            try:
                is_there = await self.container.exists()
            except HttpResponseError as error:
                if failures.status(error) != HTTPStatus.FORBIDDEN:
                    raise
                is_there = True  # who may write need not be allowed to look
            if not is_there:
                await create_container(self.container)

    async def upload(
        self, path: str, data: bytes | AsyncIterator[bytes], *, overwrite: bool
    ) -> None:
        content_type = CONTENT_TYPES.get(path.rsplit(".", 1)[-1])
        await self.container.upload_blob(
            path,
            data,
            overwrite=overwrite,
            content_settings=ContentSettings(content_type=content_type),
        )

    async def check_erasable(self) -> None:
        """Raise `Immutable` if a policy or legal hold protects the container."""
        with failures.as_transient("read the container's policies"):
            reason = await why_protected(self.container)
        if reason:
            raise Immutable(reason)

    async def soft_deleted_for(self) -> timedelta | None:
        """Return how long soft delete keeps a deleted blob; None where nobody may see.

        Raises:
            Transient: the account cannot be reached.

        """
        try:
            properties = await self.service.get_service_properties()
        except HttpResponseError as error:
            if error.status_code == HTTPStatus.FORBIDDEN:
                return None
            what = failures.describe(error)
            raise Transient(f"read the account's settings: {what}") from None
        except AzureError as error:
            what = failures.describe(error)
            raise Transient(f"read the account's settings: {what}") from None
        policy = properties["delete_retention_policy"]
        return timedelta(days=policy.days or 0) if policy.enabled else timedelta()

    async def remove(self, path: str) -> None:
        """Delete a file."""
        try:
            await self.container.delete_blob(path)
        except ResourceNotFoundError:
            return
        except AzureError as error:
            what = failures.describe(error)
            if failures.is_immutable(error):
                raise Immutable(f"{path} may not be removed: {what}") from None
            raise Transient(f"remove {path}: {what}") from None

    async def replace(self, path: str, data: bytes) -> None:
        """Write a file in place of an existing one."""
        try:
            await self.upload(path, data, overwrite=True)
        except AzureError as error:
            what = failures.describe(error)
            if failures.is_immutable(error):
                raise Immutable(f"{path} may not be changed: {what}") from None
            raise Transient(f"replace {path}: {what}") from None


async def short_or_long(parts: AsyncIterator[bytes]) -> bytes | AsyncIterator[bytes]:
    """Return all bytes at once if they fit into one block, else the parts."""
    begun: list[bytes] = []
    size = 0
    async for part in parts:
        begun.append(part)
        size += len(part)
        if size > BLOCK_BYTES:
            return chained(begun, parts)
    return b"".join(begun)


async def chained(
    begun: list[bytes], parts: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    for part in begun:
        yield part
    async for part in parts:
        yield part
