"""The threads of a user: the service has no other way to list threads."""

from collections.abc import Sequence
from datetime import timedelta

from azure.communication.chat import ChatThreadItem

from shared.adapters.chat.clients import ChatClients
from shared.domain.times import format_time
from shared.ports.thread_finder import FoundThread

PAGE_SIZE = 200
"""The most threads that the service returns per page."""


class AcsThreadFinder:
    """Finds threads and users, each call within `list_within`."""

    def __init__(self, chat_clients: ChatClients, list_within: timedelta) -> None:
        self.chat_clients = chat_clients
        self.list_within = list_within

    async def threads_of(self, user_id: str) -> Sequence[FoundThread]:
        """Return a user's threads."""
        async with (
            self.chat_clients.reading(user_id, self.list_within),
            self.chat_clients.user(user_id) as client,
        ):
            listed = client.list_chat_threads(results_per_page=PAGE_SIZE)
            return [found_thread(item) async for item in listed if item.id]

    async def participants_of(self, thread_id: str, reader: str) -> Sequence[str]:
        """Return the raw ids of a thread's participants."""
        async with (
            self.chat_clients.reading(reader, self.list_within),
            self.chat_clients.thread(thread_id, reader) as client,
        ):
            people = client.list_participants()
            return [
                person.identifier.raw_id async for person in people if person.identifier
            ]

    async def newest_sequence(self, thread_id: str, reader: str) -> int:
        """Return the newest message's sequence number."""
        async with (
            self.chat_clients.reading(reader, self.list_within),
            self.chat_clients.thread(thread_id, reader) as client,
        ):
            async for message in client.list_messages(results_per_page=1):
                return int(message.sequence_id or 0)
            return 0


def found_thread(item: ChatThreadItem) -> FoundThread:
    last, deleted = item.last_message_received_on, item.deleted_on
    return FoundThread(
        id=item.id,
        last_message_on=format_time(last) if last else "",
        deleted_on=format_time(deleted) if deleted else "",
    )
