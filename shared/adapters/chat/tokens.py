"""Tokens for readers: the resource may mint one for any of its own users.

Users of another resource look alike, but for its id: once a token was issued, which
tells our own, none is asked for them.

The SDK's answer has `expires_on` as a str, so it must never be passed to a credential
as it is; only its text is used here. A token is cached, in memory only, for most of its
lifetime, because a user is in many threads.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from azure.communication.chat.aio import CommunicationTokenCredential
from azure.communication.identity import CommunicationUserIdentifier
from azure.communication.identity.aio import CommunicationIdentityClient
from azure.core.exceptions import AzureError, HttpResponseError

from shared.domain.errors import Transient
from shared.domain.identity import resource_of
from shared.ports.chat_service import ReaderRefused

SCOPE = "chat.join.limited"
"""The narrowest scope that may read: it cannot create, change or delete a thread."""
LIFETIME = timedelta(hours=1)
"""The shortest lifetime that the service offers."""
CACHED_FOR = timedelta(minutes=45)
"""Less than its lifetime: a listing must end before the token it began with expires."""
MOST_CACHED = 10_000


@dataclass(slots=True)
class CachedToken:
    """A token, until when it is cached, and whether it was used more than once."""

    text: str
    until: float
    reused: bool = False


class Tokens:
    """Mints tokens with the resource's own credential."""

    def __init__(self, client: CommunicationIdentityClient) -> None:
        self.client = client
        self.cached: OrderedDict[str, CachedToken] = OrderedDict()
        self.resource = ""
        """Our own resource's id, as the users whom it issued tokens for have it."""

    async def credential(self, reader: str) -> Any:
        """Return a credential that acts as `reader` for at least a quarter of an hour.

        Raises:
            ReaderRefused: the resource has no token for this user.
            Transient: the service cannot be reached, or refuses our own credential.

        """
        cached = self.cached.get(reader)
        if cached and cached.until > time.monotonic():
            cached.reused = True
            return CommunicationTokenCredential(cached.text)
        text = await self.mint(reader)
        self.cached[reader] = CachedToken(
            text, time.monotonic() + CACHED_FOR.total_seconds()
        )
        self.cached.move_to_end(reader)
        if len(self.cached) > MOST_CACHED:
            self.cached.popitem(last=False)
        return CommunicationTokenCredential(text)

    def evict(self, reader: str) -> bool:
        """Evict a refused token; return whether a new one may be accepted.

        A token that is refused on its first use was not refused for its age.
        """
        cached = self.cached.pop(reader, None)
        return cached is not None and cached.reused

    async def mint(self, reader: str) -> str:
        resource = resource_of(reader)
        if resource and self.resource and resource != self.resource:
            raise ReaderRefused(0, "no user of this resource")
        try:
            token = await self.client.get_token(
                CommunicationUserIdentifier(reader), [SCOPE], token_expires_in=LIFETIME
            )
        except HttpResponseError as error:
            status = error.status_code or 0
            if status == HTTPStatus.UNAUTHORIZED:
                raise Transient("the identity service refuses our credential") from None
            if status == HTTPStatus.TOO_MANY_REQUESTS or not is_client_error(status):
                raise Transient(f"no token: status {status}") from None
            raise ReaderRefused(status, "no token for this user") from None
        except AzureError as error:
            raise Transient(f"no token: {type(error).__name__}") from None
        self.resource = self.resource or resource
        return str(token.token)


def is_client_error(status: int) -> bool:
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
