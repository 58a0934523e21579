"""The log of all threads: segments, markers, and the one listing that finds work."""

from collections.abc import AsyncIterator
from datetime import datetime

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
from shared.domain.log.event import parse_version
from shared.domain.times import format_time, parse_time

COVERS = "covers"
"""The metadata key of what a marker covers."""
SUPERSEDED = "superseded"
"""The metadata key of the revision whose renderings are to be removed in time."""
WHOLE_DUE = "whole_pass_due"
"""The metadata key of the time from which the thread is to be listed whole again."""
QUARANTINE_FOLDER = layout.quarantine_folder("")
QUARANTINE = QUARANTINE_FOLDER + layout.THREAD_PREFIX
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

    async def quarantined(self) -> AsyncIterator[str]:
        """Yield each thread of quarantine from one listing."""
        before = ""
        async for blob in self.list_blobs(QUARANTINE):
            thread_id = layout.thread_of(blob.name.removeprefix(QUARANTINE_FOLDER))
            if thread_id and thread_id != before:
                yield thread_id
            before = thread_id

    async def quarantine(self, thread_id: str) -> tuple[Segment, ...]:
        """Return the segments of a thread's quarantine."""
        folder = layout.quarantine_folder(thread_id)
        return tuple(
            [
                segment_of(blob)
                async for blob in self.list_blobs(folder)
                if layout.segment_day(blob.name)
            ]
        )

    async def mark(
        self,
        thread_id: str,
        revision: int,
        covers: Covers,
        superseded: int = 0,
        whole_pass_due: datetime | None = None,
    ) -> None:
        """Write a marker unless it exists."""
        blob = self.reads.get_blob_client(layout.marker_path(thread_id, revision))
        metadata = {COVERS: coverage.to_metadata(covers)}
        if superseded:
            metadata[SUPERSEDED] = str(superseded)
        if whole_pass_due:
            metadata[WHOLE_DUE] = format_time(whole_pass_due)

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
    superseded = {}
    whole_pass_due = {}
    for blob in blobs:
        revision = layout.marker_revision(blob.name)
        if revision is not None:
            marked_on[revision] = blob.last_modified
            metadata = blob.metadata or {}
            markers[revision] = coverage.from_metadata(metadata.get(COVERS, ""))
            superseded[revision] = parse_version(metadata.get(SUPERSEDED)) or 0
            whole_pass_due[revision] = parse_time(metadata.get(WHOLE_DUE))
        elif layout.segment_day(blob.name):
            segments.append(segment_of(blob))
    newest = max(markers, default=0)
    return ThreadLog(
        thread_id=layout.thread_of(folder),
        folder=folder,
        segments=tuple(segments),
        markers=markers,
        marked_on=marked_on.get(newest),
        superseded=superseded.get(newest, 0),
        whole_pass_due=whole_pass_due.get(newest),
    )


def segment_of(blob: BlobProperties) -> Segment:
    return Segment(
        path=blob.name,
        size=blob.size,
        created_on=blob.creation_time,
        modified_on=blob.last_modified,
        etag=blob.etag,
    )
