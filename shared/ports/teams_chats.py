"""Chats of Teams, as an import needs them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shared.domain.errors import ArchiverError, Transient


class Refused(ArchiverError):
    """The service refuses a request for good. The text has status and code."""


class Collision(Refused):
    """Another message of the chat has this very millisecond."""


class NotTold(Transient):
    """Nobody can tell whether something was done: the next run looks again."""


class InDoubt(Transient):
    """No answer came: what was asked for may have happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMessage:
    """A message of a chat: `created_on` in RFC 3339, `author` an Entra id or ""."""

    id: str
    created_on: str
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetChat:
    """A chat that somebody is in; `members` are Entra ids in lower case."""

    id: str
    topic: str
    created_on: str
    members: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatState:
    """How a chat stands: `mode` is `inProgress`, `completed`, or "" before any."""

    mode: str
    created_on: str


class TeamsChats(Protocol):
    """Creates chats, and imports messages into them.

    Each call waits where the service says so (429), and raises `InDoubt` where it may
    have been done, `Refused` where it was not, and never will be.
    """

    async def create(self, body: Mapping[str, Any]) -> str:
        """Create a chat; return its id."""
        ...

    async def chats_of(self, member: str) -> Sequence[TargetChat]:
        """Return the group chats of somebody, by Entra id."""
        ...

    async def state(self, chat_id: str) -> ChatState:
        """Return how a chat stands."""
        ...

    async def start(self, chat_id: str, since: str) -> None:
        """Start a migration of messages that are not older than a time."""
        ...

    async def post(self, chat_id: str, body: Mapping[str, Any]) -> str:
        """Import a message; return its id.

        Raises:
            Collision: its millisecond is taken in the chat.

        """
        ...

    async def newest_until(self, chat_id: str, time: str) -> Sequence[TargetMessage]:
        """Return some messages that are not younger than a time, newest first."""
        ...

    def messages(self, chat_id: str) -> AsyncIterator[TargetMessage]:
        """Yield every message of a chat, newest first."""
        ...

    async def complete(self, chat_id: str) -> None:
        """End the migration: nothing more can be imported then."""
        ...
