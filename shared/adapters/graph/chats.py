"""Chats of Teams by Microsoft Graph, version 1.0.

Sources: learn.microsoft.com/graph/api/chat-post, chat-startmigration,
chat-post-messages, chat-completemigration, chat-list-messages, chat-list, chat-get.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from shared.adapters.graph.client import GraphClient
from shared.domain.errors import Transient
from shared.formats.graph_times import milliseconds, written
from shared.ports.teams_chats import ChatState, InDoubt, TargetChat, TargetMessage

PAGE = 50
MOST_PAGES = 10_000
NEXT = "@odata.nextLink"


class GraphChats:
    """Creates chats, and imports messages into them."""

    def __init__(self, client: GraphClient) -> None:
        self.client = client

    async def create(self, body: Mapping[str, Any]) -> str:
        """Create a chat."""
        return id_of(await self.client.post("/chats", body))

    async def chats_of(self, member: str) -> Sequence[TargetChat]:
        """Return the group chats of somebody."""
        path = f"/users/{quote(member, safe='')}/chats?$expand=members&$top={PAGE}"
        return [
            found
            async for item in self.items(path)
            if (found := chat_in(item)) and item.get("chatType") == "group"
        ]

    async def state(self, chat_id: str) -> ChatState:
        """Return how a chat stands."""
        value = await self.client.get(f"/chats/{quote(chat_id, safe='')}")
        if value.get("id") != chat_id:
            # What is no answer about it must not look like a chat that is completed.
            raise Transient("an answer of Microsoft Graph cannot be read")
        return ChatState(
            mode=str(value.get("migrationMode") or ""),
            created_on=str(value.get("createdDateTime") or ""),
        )

    async def start(self, chat_id: str, since: str) -> None:
        """Start a migration."""
        await self.client.post(
            f"/chats/{quote(chat_id, safe='')}/startMigration",
            {"conversationCreationDateTime": since},
        )

    async def post(self, chat_id: str, body: Mapping[str, Any]) -> str:
        """Import a message."""
        path = f"/chats/{quote(chat_id, safe='')}/messages"
        return id_of(await self.client.post(path, body))

    async def newest_until(self, chat_id: str, time: str) -> Sequence[TargetMessage]:
        """Return the newest messages up to a time."""
        path = (
            f"/chats/{quote(chat_id, safe='')}/messages?$top={PAGE}"
            f"&$orderby={quote('createdDateTime desc')}"
            f"&$filter={quote(f'createdDateTime lt {after(time)}')}"
        )
        page = await self.client.get(path)
        return [message_in(item) for item in items_in(page)]

    async def messages(self, chat_id: str) -> AsyncIterator[TargetMessage]:
        """Yield every message of a chat, newest first."""
        path = (
            f"/chats/{quote(chat_id, safe='')}/messages?$top={PAGE}"
            f"&$orderby={quote('createdDateTime desc')}"
        )
        async for item in self.items(path):
            yield message_in(item)

    async def complete(self, chat_id: str) -> None:
        """End the migration."""
        await self.client.post(f"/chats/{quote(chat_id, safe='')}/completeMigration")

    async def items(self, path: str) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the items of all pages; a next page elsewhere is not followed."""
        for _ in range(MOST_PAGES):
            page = await self.client.get(path)
            for item in items_in(page):
                yield item
            path = str(page.get(NEXT) or "")
            if not path:
                return
            if not path.startswith(f"{self.client.endpoint}/"):
                raise Transient("Microsoft Graph names a next page at another address")


def items_in(page: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    value = page.get("value")
    if not isinstance(value, list):
        raise Transient("an answer of Microsoft Graph cannot be read")
    return [item for item in value if isinstance(item, dict)]


def id_of(value: Mapping[str, Any]) -> str:
    found = value.get("id")
    if not isinstance(found, str) or not found:
        # It was done: who asks again looks first.
        raise InDoubt("an answer of Microsoft Graph has no id")
    return found


def message_in(item: Mapping[str, Any]) -> TargetMessage:
    sender = item.get("from")
    user = sender.get("user") if isinstance(sender, dict) else None
    author = user.get("id") if isinstance(user, dict) else ""
    return TargetMessage(
        id=str(item.get("id") or ""),
        created_on=str(item.get("createdDateTime") or ""),
        author=str(author or "").lower(),
    )


def chat_in(item: Mapping[str, Any]) -> TargetChat | None:
    members = item.get("members")
    if not isinstance(members, list) or not item.get("id"):
        return None
    return TargetChat(
        id=str(item["id"]),
        topic=str(item.get("topic") or ""),
        created_on=str(item.get("createdDateTime") or ""),
        members=frozenset(
            str(member.get("userId") or "").lower()
            for member in members
            if isinstance(member, dict)
        ),
    )


def after(time: str) -> str:
    """Return the millisecond after a time in RFC 3339 with three digits."""
    at = milliseconds(time)
    return time if at is None else written(at + 1)
