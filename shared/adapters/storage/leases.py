"""Leases on small blobs in the container `chat-control`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from azure.core.exceptions import (
    AzureError,
    ResourceNotFoundError,
)
from azure.storage.blob.aio import BlobClient, BlobLeaseClient, BlobServiceClient

from shared.adapters.storage import failures
from shared.adapters.storage.append_remedies import SDK_ERRORS
from shared.adapters.storage.clients import create_container
from shared.domain import layout
from shared.domain.errors import Transient
from shared.ports.leases import LeaseHeld

LEASE_SECONDS = 60
RENEW_EVERY = 20


class BlobLease:
    """A held lease."""

    def __init__(self, lease: BlobLeaseClient) -> None:
        self.lease = lease

    async def confirm(self) -> None:
        """Renew the lease now."""
        with failures.as_transient("the lease was lost"):
            await self.lease.renew()

    async def renew(self) -> None:
        """Renew for ever. A failure is ignored here: `confirm` reports a lost lease."""
        while True:
            await asyncio.sleep(RENEW_EVERY)
            with suppress(AzureError, *SDK_ERRORS):
                await self.lease.renew()


class BlobLeases:
    """One lease blob per thread, created when first needed."""

    def __init__(self, service: BlobServiceClient) -> None:
        self.container = service.get_container_client(layout.CONTROL)

    @asynccontextmanager
    async def hold(self, path: str) -> AsyncIterator[BlobLease]:
        """Hold a lease while the block runs."""
        lease = BlobLease(await self.acquire(self.container.get_blob_client(path)))
        renewal = asyncio.create_task(lease.renew())
        try:
            yield lease
        finally:
            renewal.cancel()
            with suppress(AzureError):  # it expires by itself
                await lease.lease.release()

    async def acquire(self, blob: BlobClient) -> BlobLeaseClient:
        for _ in range(3):
            try:
                return await blob.acquire_lease(LEASE_SECONDS)
            except ResourceNotFoundError:
                await self.create(blob)
            except AzureError as error:
                if failures.code(error) == "LeaseAlreadyPresent":
                    raise LeaseHeld("another process holds the lease") from None
                raise Transient(
                    f"acquire a lease: {failures.describe(error)}"
                ) from None
        raise Transient("acquire a lease: its blob could not be created")

    async def create(self, blob: BlobClient) -> None:
        try:
            await blob.upload_blob(b"", overwrite=False)
        except AzureError as error:
            if failures.code(error) == "BlobAlreadyExists":
                return
            if not failures.is_container_missing(error):
                raise Transient(f"create a lease: {failures.describe(error)}") from None
            with failures.as_transient("create the container of leases"):
                await create_container(self.container)
