"""Unprocessed events in blobs, deleted only if unchanged since they were read."""

from collections.abc import AsyncIterator

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob.aio import ContainerClient

from shared.adapters.storage import failures
from shared.adapters.storage.clients import is_folder, why_protected
from shared.domain.errors import Transient
from shared.ports.unprocessed_events import UnprocessedFile

PART_BYTES = 4 * 1024 * 1024


class BlobUnprocessedEvents:
    """Every blob under a prefix of one container."""

    def __init__(self, container: ContainerClient, prefix: str = "") -> None:
        self.container = container
        self.prefix = prefix

    async def files(self) -> AsyncIterator[UnprocessedFile]:
        """Yield every file."""
        try:
            blobs = self.container.list_blobs(self.prefix or None, include=["metadata"])
            async for blob in blobs:
                if is_folder(blob):
                    continue
                yield UnprocessedFile(path=blob.name, size=blob.size, etag=blob.etag)
        except AzureError as error:
            if not failures.is_container_missing(error):
                raise Transient(
                    f"list unprocessed events: {failures.describe(error)}"
                ) from None

    async def stream(self, file: UnprocessedFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes in parts."""
        for offset in range(0, file.size, PART_BYTES):
            with failures.as_transient(f"read {file.path}"):
                # Each part is a download of its own: today's quarantine may grow, and
                # what comes after its size when listed is left for the next time.
                download = await self.container.download_blob(
                    file.path,
                    offset=offset,
                    length=min(PART_BYTES, file.size - offset),
                )
                part = await download.readall()
            yield part

    async def is_protected(self) -> bool:
        """Return whether a policy or a legal hold protects the container."""
        with failures.as_transient("read the container's policies"):
            try:
                return bool(await why_protected(self.container))
            except ResourceNotFoundError:
                return False

    async def remove(self, file: UnprocessedFile) -> bool:
        """Delete a file unless it has changed."""
        with failures.as_transient(f"remove {file.path}"):
            try:
                await self.container.delete_blob(
                    file.path,
                    etag=file.etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            except (ResourceModifiedError, ResourceNotFoundError):
                return False
        return True
