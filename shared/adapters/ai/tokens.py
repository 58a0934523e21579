"""Tokens of Entra ID for a resource of Azure OpenAI or Foundry."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import DefaultAzureCredential, get_bearer_token_provider

from shared.adapters.ai.client import AZURE_SCOPE
from shared.adapters.storage.failures import NOT_SIGNED_IN
from shared.ports.language_model import ModelRefused


async def token_provider(stack: AsyncExitStack) -> Callable[[], Awaitable[str]]:
    """Return what returns tokens of who is signed in, until the stack is closed."""
    credential = await stack.enter_async_context(DefaultAzureCredential())
    provider = get_bearer_token_provider(credential, AZURE_SCOPE)

    async def token() -> str:
        try:
            return await provider()
        except ClientAuthenticationError:
            raise ModelRefused(NOT_SIGNED_IN) from None

    return token
