"""The log of all threads: segments, markers, and the one listing that finds work."""

from collections.abc import AsyncIterator

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import BlobServiceClient

from shared.adapters.storage.append_log import BLOCK_BYTES, BlobAppendLog
from shared.adapters.storage.clients import create_container, is_folder
from shared.adapters.storage.failures import (
    as_transient,
    code,
    describe,
    is_container_missing,
    is_immutable,
)
from shared.domain import layout
from shared.domain.errors import Transient
from shared.domain.log import coverage
from shared.domain.log.coverage import Covers, Segment, ThreadLog

COVERS = "covers"
"""The metadata key of what a marker covers."""
READ_BYTES = 16 * 1024 * 1024
"""Bytes per GET. Each GET is a download of its own: within one, the SDK would insist on
the first ETag, which changes whenever the segment grows."""


class BlobThreadLogs(BlobAppendLog):
    """Segments and markers in the container `chat-log`."""

    def __init__(
        self,
        appends: BlobServiceClient,
        others: BlobServiceClient,
        *,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        """Append through `appends`, which must not retry; use `others` otherwise."""
        container = appends.get_container_client(layout.LOG)
        super().__init__(container, block_bytes=block_bytes)
        self.reads = others.get_container_client(layout.LOG)

    async def threads(self) -> AsyncIterator[ThreadLog]:
        """Yield every thread's log from one listing."""
        # A listing is in name order, so the blobs of one thread follow each other and
        # only those of one thread are held at a time.
        gathered: list[BlobProperties] = []
        folder = ""
        async for blob in self.list_blobs(layout.THREAD_PREFIX):
            if not blob.name.startswith(folder):
                yield assemble(folder, gathered)
                gathered = []
            folder = blob.name.split("/", 1)[0] + "/"
            gathered.append(blob)
        if gathered:
            yield assemble(folder, gathered)

    async def thread(self, thread_id: str) -> ThreadLog:
        """Return one thread's log."""
        folder = layout.thread_folder(thread_id)
        return assemble(folder, [blob async for blob in self.list_blobs(folder)])

    async def list_blobs(self, prefix: str) -> AsyncIterator[BlobProperties]:
        try:
            async for blob in self.reads.list_blobs(prefix, include=["metadata"]):
                if not is_folder(blob):
                    yield blob
        except ResourceNotFoundError as error:
            if not is_container_missing(error):
                raise Transient(f"list the log: {describe(error)}") from None
        except AzureError as error:
            raise Transient(f"list the log: {describe(error)}") from None

    async def read(self, segment: Segment, start: int) -> bytes:
        """Return a segment's bytes."""
        blob = self.reads.get_blob_client(segment.path)
        parts = []
        with as_transient(f"read {segment.path}"):
            for offset in range(start, segment.size, READ_BYTES):
                length = min(READ_BYTES, segment.size - offset)
                stream = await blob.download_blob(offset=offset, length=length)
                parts.append(await stream.readall())
        return b"".join(parts)

    async def quarantined(self, thread_id: str) -> bytes:
        """Return the lines of a thread's quarantine."""
        lines = []
        async for blob in self.list_blobs(layout.quarantine_folder(thread_id)):
            with as_transient(f"read {blob.name}"):
                stream = await self.reads.download_blob(blob.name)
                lines.append(await stream.readall())
        return b"".join(lines)

    async def clear_quarantine(self, thread_id: str) -> None:
        """Delete a thread's quarantine."""
        async for blob in self.list_blobs(layout.quarantine_folder(thread_id)):
            with as_transient(f"delete {blob.name}"):
                await self.reads.delete_blob(blob.name)

    async def mark(self, thread_id: str, revision: int, covers: Covers) -> None:
        """Write a marker unless it exists."""
        blob = self.reads.get_blob_client(layout.marker_path(thread_id, revision))
        metadata = {COVERS: coverage.to_metadata(covers)}

        async def upload() -> None:
            try:
                await blob.upload_blob(b"", overwrite=False, metadata=metadata)
            except ResourceExistsError as error:
                if code(error) != "BlobAlreadyExists":
                    raise

        with as_transient("write a marker"):
            try:
                await upload()
            except AzureError as error:
                # A thread may be archived before the first event ever came.
                if not is_container_missing(error):
                    raise
                await create_container(self.reads)
                await upload()

    async def prune(self, segment: Segment) -> bool:
        """Delete a segment unless it has changed."""
        blob = self.reads.get_blob_client(segment.path)
        with as_transient(f"prune {segment.path}"):
            try:
                await blob.delete_blob(
                    etag=segment.etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            except (ResourceModifiedError, ResourceNotFoundError):
                return False
            except HttpResponseError as error:
                if is_immutable(error):
                    return False
                raise
        return True

    async def unmark(self, thread_id: str, revision: int) -> None:
        """Delete a marker."""
        blob = self.reads.get_blob_client(layout.marker_path(thread_id, revision))
        with as_transient("delete a marker"):
            try:
                await blob.delete_blob()
            except ResourceNotFoundError:
                return
            except HttpResponseError as error:
                # A marker that stays does no harm: its segments stay too.
                if not is_immutable(error):
                    raise


def assemble(folder: str, blobs: list[BlobProperties]) -> ThreadLog:
    """Return one thread's log, given the blobs in its folder; others are ignored."""
    segments = []
    markers = {}
    marked_on = {}
    for blob in blobs:
        revision = layout.marker_revision(blob.name)
        if revision is not None:
            marked_on[revision] = blob.last_modified
            markers[revision] = coverage.from_metadata(
                (blob.metadata or {}).get(COVERS, "")
            )
        elif layout.segment_day(blob.name):
            segments.append(
                Segment(
                    path=blob.name,
                    size=blob.size,
                    created_on=blob.creation_time,
                    modified_on=blob.last_modified,
                    etag=blob.etag,
                )
            )
    return ThreadLog(
        thread_id=layout.thread_of(folder),
        folder=folder,
        segments=tuple(segments),
        markers=markers,
        marked_on=marked_on[max(marked_on)] if marked_on else None,
    )
