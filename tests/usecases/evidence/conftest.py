"""Where a ledger may stand: every test of it runs over each."""

import uuid

import fsspec
import pytest

from builders import Clock
from fakes.archive_store import MemoryArchiveStore
from fakes.ledger_blobs import MemoryLedgerBlobs
from ledgers import Store
from shared.adapters.storage.archive_folder import FolderArchive
from shared.adapters.storage.archive_fs import FsspecArchive
from shared.adapters.storage.archive_store import BlobArchiveStore
from shared.adapters.storage.ledger_blobs import BlobLedgerBlobs
from shared.adapters.storage.ledger_folder import FolderLedgerBlobs
from shared.adapters.storage.ledger_fs import FsspecLedgerBlobs

AZURITE = pytest.param("azurite", marks=pytest.mark.azurite)
SHARED = ["memory", "folder", AZURITE]
"""Stores that take several writers."""


def open_store(name, request):
    if name == "memory":
        archive, clock = MemoryArchiveStore(), Clock()
        blobs = MemoryLedgerBlobs(archive, clock)
        store = Store(archive, lambda: blobs)
        store.clock = lambda: clock() + store.turned
        return store
    if name == "folder":
        archive = FolderArchive(request.getfixturevalue("tmp_path") / "archive")
        return Store(archive, lambda: FolderLedgerBlobs(archive))
    if name == "fsspec":
        files = fsspec.filesystem("memory")
        archive = FsspecArchive(files, f"/{uuid.uuid4()}")
        return Store(archive, lambda: FsspecLedgerBlobs(archive))
    service = request.getfixturevalue("blobs")
    archive = BlobArchiveStore(service)
    return Store(archive, lambda: BlobLedgerBlobs(archive.container, archive))


@pytest.fixture(params=SHARED)
def store(request):
    return open_store(request.param, request)


@pytest.fixture(params=[*SHARED, "fsspec"])
def any_store(request):
    return open_store(request.param, request)


@pytest.fixture
def folder_store(request):
    return open_store("folder", request)


@pytest.fixture
def memory_store(request):
    return open_store("memory", request)


@pytest.fixture
def new_store(request):
    return lambda name: open_store(name, request)
