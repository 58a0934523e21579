"""The chat service inside a test's own loop, over real TLS, with the real SDKs."""

import argparse
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, TCPConnector
from azure.communication.chat.aio import (
    ChatClient,
    ChatThreadClient,
    CommunicationTokenCredential,
)
from azure.communication.identity.aio import CommunicationIdentityClient

from local.chat_service.__main__ import serve
from local.chat_service.misbehaviour import Misbehaviour
from local.chat_service.model import Member, Thread
from local.chat_service.rest import ChatService
from local.chat_service.variant import Variant
from local.ports import free_ports
from shared.adapters.chat.clients import OPTIONS, ChatClients
from shared.adapters.chat.finder import AcsThreadFinder
from shared.adapters.chat.service import AcsChatService
from shared.adapters.chat.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Caller:
    """A user of the chat service: through the real SDK, or by requests of any form."""

    endpoint: str
    token: str
    ca_file: Path

    @property
    def trust(self) -> dict[str, str]:
        return {"connection_verify": str(self.ca_file)}

    def client(self, **options: Any) -> ChatClient:
        credential = CommunicationTokenCredential(self.token)
        return ChatClient(self.endpoint, credential, **self.trust, **options)

    def thread(self, thread_id: str, **options: Any) -> ChatThreadClient:
        credential = CommunicationTokenCredential(self.token)
        return ChatThreadClient(
            self.endpoint, credential, thread_id, **self.trust, **options
        )

    async def request(
        self, method: str, path: str, version: str | None = None, **options: Any
    ) -> tuple[int, Any]:
        """Return status and body, which is bytes where it is no JSON."""
        tls = ssl.create_default_context(cafile=self.ca_file)
        headers = {"Authorization": f"Bearer {self.token}"}
        headers |= options.pop("headers", {})
        query = {"api-version": version} if version else {}
        async with (
            ClientSession(connector=TCPConnector(ssl=tls)) as session,
            session.request(
                method,
                f"{self.endpoint}{path}",
                params=query,
                headers=headers,
                **options,
            ) as answer,
        ):
            if answer.content_type == "application/json":
                return answer.status, await answer.json()
            return answer.status, await answer.read()


@dataclass
class Served:
    service: ChatService
    product: AcsChatService
    finder: AcsThreadFinder
    tokens: Tokens
    chat_clients: ChatClients
    endpoint: str
    ca_file: Path

    def thread(self, *names: str, topic: str = "T") -> tuple[Thread, list[Member]]:
        """Make a thread whose members have identities; the first one creates it."""
        world = self.service.world
        members = [Member(world.new_identity(), name) for name in names]
        thread = world.create_thread(topic, members[0].id)
        thread.members = {one.id: one for one in members}
        self.service.tell_added(thread, members, members[0].id)
        return thread, members

    def caller(self, user: str) -> Caller:
        token, _ = self.service.tokens.issue(user, ["chat"], 60)
        return Caller(self.endpoint, token, self.ca_file)

    def say(self, thread: Thread, sender: Member, text: str):
        return self.service.world.add_message(
            thread, "text", {"message": text}, sender=sender, sender_name="N"
        )


@asynccontextmanager
async def served(
    folder: Path,
    *,
    list_within: float = 20,
    variant: Variant = Variant(),  # noqa: B008 - it is frozen
    **behaviour: float,
) -> AsyncIterator[Served]:
    """Serve while the block runs."""
    (port,) = free_ports(1)
    wishes = {one.name: one.default for one in fields(Misbehaviour) if one.init}
    arguments = argparse.Namespace(
        port=port,
        ca_file=folder / "ca.pem",
        webhook=None,
        queue=None,
        schema="eventgrid",
        levels=["thread"],
        dead_letters=None,
        variant=variant,
        **wishes | behaviour,
    )
    async with serve(arguments) as service:
        endpoint = f"https://127.0.0.1:{port}"
        trust = {"connection_verify": str(arguments.ca_file)}
        client = CommunicationIdentityClient.from_connection_string(
            f"endpoint={endpoint}/;accesskey={service.tokens.access_key}",
            **trust,
            **OPTIONS,
        )
        tokens = Tokens(client)
        ca_file = arguments.ca_file
        chat_clients = ChatClients(endpoint, tokens, options={**OPTIONS, **trust})
        async with chat_clients:
            within = timedelta(seconds=list_within)
            product = AcsChatService(chat_clients, within)
            finder = AcsThreadFinder(chat_clients, within)
            yield Served(
                service, product, finder, tokens, chat_clients, endpoint, ca_file
            )
            await chat_clients.close()
