"""Tokens of Entra ID for a resource of Azure OpenAI or Foundry."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from azure.identity.aio import DefaultAzureCredential, get_bearer_token_provider

from shared.adapters.ai.client import AZURE_SCOPE
from shared.adapters.azure.sign_in import SignedIn
from shared.domain.errors import NotSignedIn
from shared.ports.language_model import ModelRefused


async def token_provider(stack: AsyncExitStack) -> Callable[[], Awaitable[str]]:
    """Return what returns tokens of who is signed in, until the stack is closed.

    Raises:
        NotSignedIn: nobody is.
        ModelRefused: raised later, where the session has expired meanwhile.

    """
    credential = await stack.enter_async_context(SignedIn(DefaultAzureCredential))
    await credential.check(AZURE_SCOPE)
    provider = get_bearer_token_provider(credential, AZURE_SCOPE)

    async def token() -> str:
        try:
            return await provider()
        except NotSignedIn as error:
            raise ModelRefused(str(error)) from None

    return token
