"""Archives on block blobs: each file is created once and never written again."""

from azure.core.exceptions import (
    AzureError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobServiceClient

from shared.domain import layout
from shared.domain.errors import IntegrityError, Transient
from shared.ports.archive_store import AlreadyExists, Shelf
from shared.storage import failures
from shared.storage.clients import create_container

CONTENT_TYPES = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
}


class BlobArchiveStore:
    """Files in the container `chat-archive`."""

    def __init__(self, service: BlobServiceClient) -> None:
        self.container = service.get_container_client(layout.ARCHIVE)

    async def shelf(self, thread_id: str) -> Shelf:
        """Say which revisions there are; see the port."""
        last_used = newest = 0
        try:
            async for name in self.container.list_blob_names(
                name_starts_with=layout.thread_folder(thread_id)
            ):
                number = layout.revision_number(name) or 0
                last_used = max(last_used, number)
                if name.endswith(f"/{layout.MANIFEST_FILE}"):
                    newest = max(newest, number)
        except AzureError as error:
            if not failures.is_container_missing(error):
                raise Transient(
                    f"list the archive: {failures.describe(error)}"
                ) from None
        return Shelf(newest=newest, last_used=last_used)

    async def read(self, path: str) -> bytes:
        """Read a file; see the port."""
        try:
            stream = await self.container.download_blob(path)
            return await stream.readall()
        except ResourceNotFoundError:
            raise IntegrityError(f"{path} is missing from the archive") from None
        except AzureError as error:
            raise Transient(f"read {path}: {failures.describe(error)}") from None

    async def create(self, path: str, data: bytes) -> None:
        """Create a file; see the port."""
        content_type = CONTENT_TYPES.get(path.rsplit(".", 1)[-1])
        for _ in range(2):
            try:
                await self.container.upload_blob(
                    path,
                    data,
                    overwrite=False,
                    content_settings=ContentSettings(content_type=content_type),
                )
            except ResourceExistsError:
                raise AlreadyExists(f"{path} exists already") from None
            except AzureError as error:
                if not failures.is_container_missing(error):
                    raise Transient(
                        f"create {path}: {failures.describe(error)}"
                    ) from None
                await create_container(self.container)
            else:
                return
        raise Transient(f"create {path}: the container was only just created")
