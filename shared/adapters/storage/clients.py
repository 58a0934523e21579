"""Clients of one storage account, created once per process in the running loop."""

import urllib.request
from dataclasses import dataclass
from typing import Any

import aiohttp
from azure.core.exceptions import ResourceExistsError
from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import BlobServiceClient, ContainerClient
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from shared.adapters.storage import failures

APPEND_OPTIONS: dict[str, Any] = {
    "retry_total": 0,
    "connection_timeout": 5,
    "read_timeout": 10,
}
"""Appends have their own retry loop: the SDK's first pause alone is 15 s."""
OTHER_OPTIONS: dict[str, Any] = {
    "retry_total": 3,
    "initial_backoff": 1,
    "read_timeout": 30,
}
PERSON_OPTIONS: dict[str, Any] = {
    "retry_total": 2,
    "initial_backoff": 1,
    "increment_base": 2,
    "read_timeout": 30,
}
"""For commands: whoever waits at a terminal should soon hear that an account cannot
be reached."""

MOST_CONNECTIONS = 64
KEEP_ALIVE = 60.0
"""Seconds that an idle connection stays open: chat comes in bursts, and TLS handshakes
are expensive."""


def lean_transport() -> AioHttpTransport:
    """Return a transport that reads the proxy settings once, not per request.

    By default the SDK lets aiohttp look up .netrc and the proxy variables for each
    request, both in another thread: half the cost of an append (docs/performance.md).
    It must be called in the running loop.
    """
    has_proxy = bool(urllib.request.getproxies())
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=MOST_CONNECTIONS, keepalive_timeout=KEEP_ALIVE
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # the SDK does that
        trust_env=has_proxy,
    )
    return AioHttpTransport(session=session, use_env_settings=has_proxy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A storage account: a connection string, or addresses and a credential."""

    connection_string: str = ""
    blob_uri: str = ""
    queue_uri: str = ""
    credential: Any = None

    def blobs(self, **options: Any) -> BlobServiceClient:
        options = {"transport": lean_transport()} | options
        if self.connection_string:
            return BlobServiceClient.from_connection_string(
                self.connection_string, **options
            )
        return BlobServiceClient(self.blob_uri, self.credential, **options)

    def queue(self, name: str, **options: Any) -> QueueClient:
        options = OTHER_OPTIONS | options
        # The queue trigger of the Functions host reads messages as base64.
        policy = TextBase64EncodePolicy()
        if self.connection_string:
            return QueueClient.from_connection_string(
                self.connection_string,
                name,
                message_encode_policy=policy,
                **options,
            )
        return QueueClient(
            self.queue_uri,
            name,
            self.credential,
            message_encode_policy=policy,
            **options,
        )


async def why_protected(container: ContainerClient) -> str:
    """Return what forbids deleting anything from a container; "" if nothing does."""
    properties = await container.get_container_properties()
    if properties.has_legal_hold:
        return "the container has a legal hold; have it cleared first"
    if properties.has_immutability_policy:
        return "the container has an immutability policy; nothing can be deleted"
    return ""


def is_folder(blob: BlobProperties) -> bool:
    """Return whether a blob only stands for a folder.

    An account with a hierarchical namespace lists every folder as a blob, and AzCopy,
    blobfuse and Storage Explorer leave such blobs in others.
    """
    metadata = blob.metadata or {}
    is_stub = any(
        name.lower() == "hdi_isfolder" and value.lower() == "true"
        for name, value in metadata.items()
    )
    return not blob.size and (is_stub or blob.name.endswith("/"))


async def create_container(container: ContainerClient) -> None:
    """Create a container that the deployment has not; it may exist by now."""
    try:
        await container.create_container()
    except ResourceExistsError as error:
        # 409 says ContainerBeingDeleted too: then it does not exist, and cannot yet.
        if failures.code(error) != "ContainerAlreadyExists":
            raise
