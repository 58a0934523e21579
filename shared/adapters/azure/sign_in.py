"""Who is signed in to Azure, for commands: found out once, soon, and in one sentence.

The SDK's clients try a request again whose token could not be had, each client by
itself, and each try asks every place again that a token may come from: ten seconds of
silence for what the first try knew. So one failure counts for all, and is no error that
the SDK knows: it is raised through its pipelines as it is.

The chain of the SDK stays: the environment, a workload identity, a managed identity,
and then the tools that a person signs in with. The Azure CLI takes a second for each
token, so tokens are cached here for all clients.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Self

from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError

from shared.domain.errors import NotSignedIn

WITHIN = 20.0
"""Seconds for the whole chain: a tool of a person's may take ten of its own."""
COUNTS_FOR = 5.0
"""Seconds for which a failure is not tried again: all that a command asks side by side,
and soon enough for a page or an assistant that stays up while somebody signs in."""
RENEWED_BEFORE = 300.0
"""Seconds before it expires at which the SDK asks for a new token."""

NOBODY = (
    "Nobody is signed in to Azure, or the session has expired: run `az login`, or use "
    "a key or an identity."
)
NO_ANSWER = (
    "Azure did not say in time who is signed in: run `az login`, then try again, or "
    "use a key."
)
NO_SUCH_CREDENTIAL = (
    "AZURE_TOKEN_CREDENTIALS names no way to sign in that the Azure SDK knows: unset "
    "it, then run `az login`, or use a key."
)


class SignedIn:
    """A credential for the SDK's clients, in one running loop; `close` closes it."""

    def __init__(self, make: Callable[[], Any], *, within: float = WITHIN) -> None:
        """`make` returns the SDK's credential, which raises where it cannot be made."""
        self.make = make
        self.within = within
        self.inner: Any = None
        self.tokens: dict[tuple[str, ...], AccessToken] = {}
        self.failure: tuple[float, str] = (0.0, "")
        self.turn = asyncio.Lock()

    async def check(self, scope: str) -> None:
        """See that there is a token for something.

        Raises:
            NotSignedIn: there is none.

        """
        await self.get_token(scope)

    async def get_token(
        self, *scopes: str, claims: str | None = None, **options: Any
    ) -> AccessToken:
        """Return a token, as the SDK asks for it.

        Raises:
            NotSignedIn: there is none. The SDK does not try that again.

        """
        key = (*scopes, str(options.get("tenant_id") or ""))
        async with self.turn:
            cached = self.tokens.get(key)
            if (
                cached
                and not claims
                and cached.expires_on > time.time() + RENEWED_BEFORE
            ):
                return cached
            until, why = self.failure
            if time.monotonic() < until:
                raise NotSignedIn(why)
            try:
                token = await self.ask(*scopes, claims=claims, **options)
            except NotSignedIn as error:
                self.failure = (time.monotonic() + COUNTS_FOR, str(error))
                raise
            self.tokens[key] = token
            return token

    async def ask(self, *scopes: str, **options: Any) -> AccessToken:
        try:
            if self.inner is None:
                self.inner = self.make()
            async with asyncio.timeout(self.within):
                token: AccessToken = await self.inner.get_token(*scopes, **options)
        except TimeoutError:
            raise NotSignedIn(NO_ANSWER) from None
        except AzureError:
            raise NotSignedIn(NOBODY) from None
        except ValueError:
            raise NotSignedIn(NO_SUCH_CREDENTIAL) from None
        return token

    async def close(self) -> None:
        """Close what was opened."""
        if self.inner is not None:
            await self.inner.close()

    async def __aenter__(self) -> Self:
        """Return itself, to be closed after the block."""
        return self

    async def __aexit__(self, *details: object) -> None:
        """Close what was opened."""
        await self.close()
