"""Leases as the service sees them: what is asked of Azurite while one is held."""

import asyncio
import re

import pytest
from azure.storage.blob.aio import BlobLeaseClient, BlobServiceClient
from fault_proxy import fault_proxy

from builders import THREAD
from shared.adapters.storage import leases
from shared.adapters.storage.leases import BlobLeases
from shared.domain import layout
from shared.domain.errors import Transient

pytestmark = pytest.mark.azurite

PATH = layout.lease_path(THREAD)


@pytest.fixture
async def proxy(running_azurite, blobs):
    """A proxy before Azurite, which counts what is asked, and leases through it."""
    text = running_azurite.connection_string
    (port,) = re.findall(r"BlobEndpoint=http://127.0.0.1:(\d+)", text)
    async with fault_proxy(int(port), seed=0, share=0, faults=[]) as (proxy, own_port):
        service = BlobServiceClient.from_connection_string(
            text.replace(f":{port}/", f":{own_port}/"), retry_total=0
        )
        async with service:
            proxy.leases = BlobLeases(service)
            yield proxy


async def more_renewals(proxy, count=2):
    """Wait until the service was asked for so many renewals more."""
    wanted = proxy.lease_actions["renew"] + count
    async with asyncio.timeout(20):
        while proxy.lease_actions["renew"] < wanted:
            await asyncio.sleep(0.01)


async def test_a_lease_is_renewed_while_its_holder_works(proxy, monkeypatch):
    monkeypatch.setattr(leases, "RENEW_EVERY", 0.02)

    async with proxy.leases.hold(PATH):
        await more_renewals(proxy)


async def test_a_lease_that_was_given_back_is_not_renewed(proxy):
    before = asyncio.all_tasks()
    async with proxy.leases.hold(PATH):
        assert "BlobLease.renew" in coroutines(asyncio.all_tasks() - before)

    assert "BlobLease.renew" not in coroutines(asyncio.all_tasks() - before)
    assert proxy.lease_actions["release"] == 1


def coroutines(tasks):
    return {task.get_coro().__qualname__ for task in tasks}


async def test_a_failed_renewal_is_not_the_last(proxy, monkeypatch):
    monkeypatch.setattr(leases, "RENEW_EVERY", 0.02)

    async with proxy.leases.hold(PATH) as lease:
        proxy.is_immutable = True
        await more_renewals(proxy)
        with pytest.raises(Transient, match="the lease was lost"):
            await lease.confirm()
        proxy.is_immutable = False
        await more_renewals(proxy)
        await lease.confirm()


async def test_what_the_sdk_gets_wrong_ends_no_renewal(proxy, monkeypatch):
    monkeypatch.setattr(leases, "RENEW_EVERY", 0.02)
    async with proxy.leases.hold(PATH) as lease:
        renew, tries = lease.lease.renew, iter([KeyError("x"), TypeError("x")])

        async def renew_badly():
            for error in tries:
                raise error
            await renew()

        monkeypatch.setattr(lease.lease, "renew", renew_badly)
        await more_renewals(proxy)


def test_two_renewals_may_fail_before_a_lease_is_lost():
    assert 2 * leases.RENEW_EVERY < leases.LEASE_SECONDS


async def test_a_lease_that_somebody_broke_is_not_confirmed(proxy, blobs):
    blob = blobs.get_blob_client(layout.CONTROL, PATH)

    async with proxy.leases.hold(PATH) as lease:
        await lease.confirm()
        await BlobLeaseClient(blob).break_lease(lease_break_period=0)
        with pytest.raises(Transient, match="the lease was lost"):
            await lease.confirm()
