"""Containers that are not there, may not be made, or are just being deleted."""

import re

import pytest
from azure.storage.blob.aio import BlobServiceClient
from fault_proxy import fault_proxy

from builders import NOON, THREAD
from shared.adapters.storage import append_log
from shared.adapters.storage.append_log import BlobAppendLog
from shared.adapters.storage.archive_store import BlobArchiveStore
from shared.adapters.storage.clients import APPEND_OPTIONS, Account
from shared.adapters.storage.leases import BlobLeases
from shared.adapters.storage.thread_logs import BlobThreadLogs
from shared.domain import layout
from shared.domain.errors import Transient

pytestmark = pytest.mark.azurite

STEM = layout.segment_stem(THREAD, NOON.date())


@pytest.fixture
async def proxy(running_azurite, blobs):
    """A proxy before an account without any container, and a client through it."""
    async for container in blobs.list_containers():
        await blobs.delete_container(container.name)
    text = running_azurite.connection_string
    (port,) = re.findall(r"BlobEndpoint=http://127.0.0.1:(\d+)", text)
    async with fault_proxy(int(port), seed=0, share=0, faults=[]) as (proxy, own_port):
        account = Account(connection_string=text.replace(f":{port}/", f":{own_port}/"))
        async with account.blobs(**APPEND_OPTIONS) as service:
            proxy.service = service
            yield proxy


def log_through(proxy):
    return BlobAppendLog(proxy.service.get_container_client(layout.LOG))


async def test_who_may_not_make_the_container_is_told_so_at_once(proxy):
    proxy.no_new_containers = True

    for write in (
        lambda: log_through(proxy).append(STEM, b"{}\n"),
        lambda: BlobThreadLogs(proxy.service, proxy.service).mark(THREAD, 1, {}),
        lambda: BlobArchiveStore(proxy.service).create("thread=x/a", b"x"),
        lambda: BlobLeases(proxy.service).hold("leases/x").__aenter__(),
    ):
        with pytest.raises(Transient, match=r" 403 .*not allowed"):
            await write()


async def test_the_writer_lives_on_after_a_refusal(proxy, blobs):
    log = log_through(proxy)
    proxy.no_new_containers = True
    with pytest.raises(Transient):
        await log.append(STEM, b"1\n")

    proxy.no_new_containers = False
    await log.append(STEM, b"2\n")

    path = layout.segment_path(STEM, 0)
    download = await blobs.get_container_client(layout.LOG).download_blob(path)
    assert await download.readall() == b"2\n"


async def test_a_container_that_is_being_deleted_is_waited_for_with_pauses(
    proxy, monkeypatch
):
    monkeypatch.setattr(append_log, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(append_log, "LONGEST_PAUSE", 0.02)
    proxy.being_deleted = 12

    await log_through(proxy).append(STEM, b"1\n")

    # A refusal costs at most one request more (append, then create), never a storm.
    assert proxy.requests <= 12 + 6


async def test_a_container_that_stays_away_costs_few_requests(proxy, monkeypatch):
    monkeypatch.setattr(append_log, "BUDGET", 1.0)
    proxy.being_deleted = 10_000

    with pytest.raises(Transient, match=r"gave up after 1 s: .*ContainerBeingDeleted"):
        await log_through(proxy).append(STEM, b"1\n")

    assert proxy.requests < 20


async def test_a_file_or_marker_is_tried_again_once_its_container_is_deleted(proxy):
    proxy.being_deleted = 10_000

    for write in (
        lambda: BlobThreadLogs(proxy.service, proxy.service).mark(THREAD, 1, {}),
        lambda: BlobArchiveStore(proxy.service).create("thread=x/a", b"x"),
        lambda: BlobLeases(proxy.service).hold("leases/x").__aenter__(),
    ):
        with pytest.raises(Transient, match=r"ContainerBeingDeleted"):
            await write()


async def test_a_marker_makes_its_container(proxy, blobs: BlobServiceClient):
    log = BlobThreadLogs(blobs, blobs)

    await log.mark(THREAD, 1, {})
    await log.mark(THREAD, 1, {})

    assert list((await log.thread(THREAD)).markers) == [1]


async def test_a_marker_that_a_policy_protects_stays(proxy, blobs: BlobServiceClient):
    await BlobThreadLogs(blobs, blobs).mark(THREAD, 1, {})
    proxy.is_immutable = True

    await BlobThreadLogs(proxy.service, proxy.service).unmark(THREAD, 1)

    proxy.is_immutable = False
    assert list((await BlobThreadLogs(blobs, blobs).thread(THREAD)).markers) == [1]


async def in_turn(parts):
    for part in parts:
        yield part


async def test_a_long_file_may_be_the_first_one_of_an_account(proxy):
    archive = BlobArchiveStore(proxy.service)
    part = bytes(1024 * 1024)

    await archive.create("thread=x/a", in_turn([part] * 6))

    assert await archive.read("thread=x/a") == part * 6
