"""Each contract runs on the in-memory fake and on the real adapter over Azurite."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import fsspec
import pytest
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueClient

from fakes.archive_store import MemoryArchiveStore
from fakes.leases import MemoryLeases
from fakes.thread_logs import MemoryThreadLogs
from local.azurite_process import Azurite
from shared.adapters.storage.archive_folder import FolderArchive
from shared.adapters.storage.archive_fs import FsspecArchive
from shared.adapters.storage.archive_store import BlobArchiveStore
from shared.adapters.storage.clients import Account
from shared.adapters.storage.folder_leases import FolderLeases
from shared.adapters.storage.leases import BlobLeases
from shared.adapters.storage.thread_logs import BlobThreadLogs

BOTH = ["memory", pytest.param("azurite", marks=pytest.mark.azurite)]


@pytest.fixture(params=BOTH)
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def thread_logs(backend, blobs: BlobServiceClient):
    if backend == "memory":
        return MemoryThreadLogs(lambda: datetime.now(UTC))
    return BlobThreadLogs(blobs, blobs)


@pytest.fixture(params=[*BOTH, "folder", "fsspec-file", "fsspec-memory"])
def archive(request: pytest.FixtureRequest, tmp_path):
    if request.param == "memory":
        return MemoryArchiveStore()
    if request.param == "fsspec-file":
        return FsspecArchive(fsspec.filesystem("file"), str(tmp_path))
    if request.param == "fsspec-memory":
        return FsspecArchive(fsspec.filesystem("memory"), f"/{uuid.uuid4()}")
    if request.param == "folder":
        return FolderArchive(tmp_path)
    return BlobArchiveStore(request.getfixturevalue("blobs"))


@pytest.fixture(params=[*BOTH, "folder"])
def leases(request: pytest.FixtureRequest, tmp_path):
    if request.param == "memory":
        return MemoryLeases()
    if request.param == "folder":
        return FolderLeases(tmp_path)
    return BlobLeases(request.getfixturevalue("blobs"))


@pytest.fixture
async def queue(running_azurite: Azurite, fresh_name) -> AsyncIterator[QueueClient]:
    account = Account(connection_string=running_azurite.connection_string)
    async with account.queue(fresh_name) as client:
        yield client
