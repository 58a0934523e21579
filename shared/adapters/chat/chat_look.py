"""Asks the ACS resource for a token and for a list, which changes nothing there."""

from http import HTTPStatus
from typing import Any

from azure.communication.chat.aio import ChatClient, CommunicationTokenCredential
from azure.communication.identity import CommunicationUserIdentifier
from azure.core.exceptions import AzureError, HttpResponseError

from shared.adapters.chat.clients import UNREADABLE, ChatClients
from shared.adapters.chat.paging import all_pages
from shared.adapters.chat.tokens import LIFETIME, SCOPE

LOOK_OPTIONS: dict[str, Any] = {
    "retry_total": 0,
    "retry_status": 0,
    "retry_connect": 0,
    "connection_timeout": 5,
    "read_timeout": 6,
}
"""A failure is what is looked for: it is not tried again."""


class AcsLook:
    """Looks through clients that do not retry. Tokens stay in memory."""

    def __init__(self, chat_clients: ChatClients) -> None:
        self.chat_clients = chat_clients
        self.tokens: dict[str, str] = {}

    async def token(self, user_id: str) -> int:
        """Ask for a token of the narrowest scope there is, for an hour."""
        try:
            issued = await self.chat_clients.tokens.client.get_token(
                CommunicationUserIdentifier(user_id), [SCOPE], token_expires_in=LIFETIME
            )
        except (AzureError, *UNREADABLE) as error:
            return status_of(error)
        self.tokens[user_id] = str(issued.token)
        return HTTPStatus.OK

    async def threads(self, user_id: str) -> int:
        """List one thread, by the token that was issued."""
        clients = self.chat_clients
        options = {**clients.options_for(user_id), "api_version": clients.api_version}
        try:
            credential = CommunicationTokenCredential(self.tokens[user_id])
            async with (
                credential,
                ChatClient(clients.endpoint, credential, **options) as client,
            ):
                await all_pages(
                    client.list_chat_threads, lambda _: True, results_per_page=1
                )
        except (AzureError, *UNREADABLE) as error:
            return status_of(error)
        return HTTPStatus.OK


def status_of(error: Exception) -> int:
    """Return the status of a refusal, 0 where none came, 502 for an odd answer."""
    if isinstance(error, UNREADABLE):
        return HTTPStatus.BAD_GATEWAY
    status = error.status_code if isinstance(error, HttpResponseError) else None
    return HTTPStatus.BAD_GATEWAY if status == HTTPStatus.OK else int(status or 0)
