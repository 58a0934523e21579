"""What all tests share: one Azurite for the whole run, and small Hypothesis budgets."""

import os
import signal
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from azure.storage.blob.aio import BlobServiceClient
from hypothesis import HealthCheck, settings

from local.azurite_process import Azurite, azurite

settings.register_profile(
    "ci",
    max_examples=60,
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci")

# A shell that runs the tests in the background has Ctrl-C ignored, and every process
# that they start would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def running_azurite() -> Iterator[Azurite]:
    with azurite() as running:
        yield running


@pytest.fixture
async def blobs(running_azurite: Azurite) -> AsyncIterator[BlobServiceClient]:
    """A client of Azurite whose containers are empty, under the real names."""
    service = BlobServiceClient.from_connection_string(
        running_azurite.connection_string, retry_total=0
    )
    async with service:
        async for container in service.list_containers():
            await service.delete_container(container.name)
        yield service


@pytest.fixture
def fresh_name() -> str:
    return f"test-{uuid.uuid4().hex}"
