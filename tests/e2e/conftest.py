from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient

from local.stack import Stack, stack


@pytest.fixture
def running(tmp_path) -> Iterator[Stack]:
    """The whole stack as processes, sending events of both levels."""
    options = ["--levels", "thread", "user"]
    with stack(tmp_path / "stack", service_options=options) as parts:
        yield parts


@pytest.fixture
def containers(running):
    service = BlobServiceClient.from_connection_string(
        running.azurite.connection_string
    )
    with service:
        yield service.get_container_client
