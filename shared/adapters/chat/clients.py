"""Clients that act as one user each, over connections that all of them share.

Separate connections would cost a TLS handshake for every thread.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Self
from urllib.request import getproxies

from azure.communication.chat.aio import ChatClient, ChatThreadClient
from azure.core.exceptions import AzureError, DecodeError, HttpResponseError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.pipeline.transport import AioHttpTransport, AsyncHttpTransport

from shared.adapters.chat.limits import Limiter, LimitPolicy
from shared.adapters.chat.tokens import Tokens, is_client_error
from shared.domain.errors import Transient
from shared.ports.chat_service import ReaderRefused

OPTIONS: Mapping[str, Any] = {
    "retry_total": 20,
    "retry_status": 20,
    "retry_backoff_max": 30,
}
"""The SDK honours Retry-After without a limit; `within` limits each answer."""
Came = Callable[[], None]
"""Called when an answer has come: what is waited for is the next one then."""
UNREADABLE = (
    DecodeError,
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
    RecursionError,
)
"""What the SDK raises on an answer that it cannot read."""


class OnAnswer(AsyncHTTPPolicy[Any, Any]):
    """Calls something whenever the service has answered a request in the end."""

    def __init__(self, came: Came) -> None:
        self.came = came

    async def send(self, request: PipelineRequest[Any]) -> Any:
        """Send a request, with all its retries."""
        response = await self.next.send(request)
        if response.http_response.status_code == HTTPStatus.OK:
            self.came()
        return response


class SharedTransport(AsyncHttpTransport[Any, Any]):
    """A transport that stays open when one of its clients is closed."""

    def __init__(self, inner: AioHttpTransport) -> None:
        self.inner = inner

    async def send(self, request: Any, **options: Any) -> Any:
        """Send a request over the shared connections."""
        return await self.inner.send(request, **options)

    async def open(self) -> None:
        """Open the connections (idempotent)."""
        await self.inner.open()

    async def close(self) -> None:
        """Leave the connections open for others; `ChatClients.close` closes them."""

    async def __aexit__(self, *details: object) -> None:
        """Leave the connections open, as `close` does."""


class ChatClients:
    """Reads the service at `endpoint` as any of its users."""

    def __init__(
        self,
        endpoint: str,
        tokens: Tokens,
        *,
        limiter: Limiter | None = None,
        options: Mapping[str, Any] = OPTIONS,
        credential: Any = None,
        api_version: str = "",
    ) -> None:
        """Stay within the limits of `limiter`; `options` are passed to the SDK.

        `credential` is the resource's own, which `close` closes too: the SDK does not.
        `api_version` is the one to ask for; "" is the one that the SDK asks for.
        """
        self.api_version = api_version
        self.endpoint = endpoint
        self.tokens = tokens
        self.limiter = limiter or Limiter()
        # aiohttp would look up .netrc and proxies for every request, in another thread.
        self.connections = AioHttpTransport(
            use_env_settings=bool(getproxies()), **options
        )
        self.options = options
        self.own_credential = credential

    async def __aenter__(self) -> Self:
        """Return itself, to be closed after the block."""
        return self

    async def __aexit__(self, *details: object) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections, and the resource's own credential."""
        await self.connections.close()
        await self.tokens.client.close()
        if self.own_credential is not None:
            await self.own_credential.close()

    @asynccontextmanager
    async def thread(
        self,
        thread_id: str,
        reader: str,
        api_version: str = "",
        came: Came | None = None,
    ) -> AsyncIterator[Any]:
        """Yield a client of one thread that acts as one reader; raises as `user`."""
        credential = await self.tokens.credential(reader)
        options = self.options_for(reader, came)
        if api_version:
            options["api_version"] = api_version
        async with (
            credential,
            ChatThreadClient(self.endpoint, credential, thread_id, **options) as client,
        ):
            yield client

    @asynccontextmanager
    async def user(self, user_id: str, came: Came | None = None) -> AsyncIterator[Any]:
        """Yield a client that acts as one user.

        Raises:
            ReaderRefused: the resource has no token for this user.
            Transient: the service cannot be reached, or refuses our own credential.

        """
        credential = await self.tokens.credential(user_id)
        options = self.options_for(user_id, came)
        async with (
            credential,
            ChatClient(self.endpoint, credential, **options) as client,
        ):
            yield client

    def options_for(self, reader: str, came: Came | None = None) -> dict[str, Any]:
        return {
            **self.options,
            "per_call_policies": [OnAnswer(came)] if came else [],
            "transport": SharedTransport(self.connections),
            "per_retry_policies": [LimitPolicy(self.limiter, reader)],
        }

    @asynccontextmanager
    async def reading(self, reader: str, within: timedelta) -> AsyncIterator[Came]:
        """Convert what the SDK raises into the errors that the port declares.

        What is yielded is to be called with each answer that came: `within` limits the
        time until the next one. A thread of a million messages takes half an hour, by
        the service's own limits, and is no slower than another.

        Raises:
            ReaderRefused: this reader cannot read it; another one may.
            Transient: it may work next time.

        """
        seconds = within.total_seconds()
        try:
            async with asyncio.timeout(seconds) as limit:
                now = asyncio.get_running_loop().time
                yield lambda: limit.reschedule(now() + seconds)
        except TimeoutError:
            raise Transient(
                f"listing waited longer than {within} for an answer, throttled or slow"
            ) from None
        except UNREADABLE:
            raise ReaderRefused(0, "the service's answer cannot be read") from None
        except HttpResponseError as error:
            status = error.status_code or 0
            if status == HTTPStatus.TOO_MANY_REQUESTS or not is_client_error(status):
                raise Transient(f"listing failed: status {status}") from None
            if status == HTTPStatus.UNAUTHORIZED and self.tokens.evict(reader):
                raise Transient("the service refuses a token that it issued") from None
            raise ReaderRefused(
                status, f"the service answered {status} to this reader"
            ) from None
        except AzureError as error:
            raise Transient(f"listing failed: {type(error).__name__}") from None
