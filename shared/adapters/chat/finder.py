"""The threads of a user: the service has no other way to list threads."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.adapters.chat.clients import ChatClients
from shared.adapters.chat.paging import all_pages
from shared.domain import json_line
from shared.domain.identity import raw_id
from shared.domain.thread.listing import Page, PageKind, items
from shared.domain.times import normalise_time
from shared.ports.thread_finder import FoundThread, FoundThreads

PAGE_SIZE = 200
"""The most threads that the service returns per page."""


class AcsThreadFinder:
    """Finds threads and users, each call within `list_within`."""

    def __init__(self, chat_clients: ChatClients, list_within: timedelta) -> None:
        self.chat_clients = chat_clients
        self.list_within = list_within

    async def threads_of(self, user_id: str) -> FoundThreads:
        """Return a user's threads."""
        async with (
            self.chat_clients.reading(user_id, self.list_within),
            self.chat_clients.user(user_id) as client,
        ):
            answers, _ = await all_pages(
                client.list_chat_threads, results_per_page=PAGE_SIZE
            )
        return found_threads(answers.bodies)

    async def participants_of(self, thread_id: str, reader: str) -> Sequence[str]:
        """Return the raw ids of a thread's participants."""
        async with (
            self.chat_clients.reading(reader, self.list_within),
            self.chat_clients.thread(thread_id, reader) as client,
        ):
            answers, _ = await all_pages(client.list_participants)
        people = (
            raw_id(item.get("communicationIdentifier"))
            for body in answers.bodies
            for item in items(Page(kind=PageKind.PARTICIPANTS, body=body))
        )
        return list(filter(None, people))

    async def newest_sequence(self, thread_id: str, reader: str) -> int:
        """Return the newest message's sequence number."""
        async with (
            self.chat_clients.reading(reader, self.list_within),
            self.chat_clients.thread(thread_id, reader) as client,
        ):
            async for message in client.list_messages(results_per_page=1):
                return int(message.sequence_id or 0)
            return 0


def found_threads(pages: Sequence[str]) -> FoundThreads:
    """Return the threads on the pages of a list; what is no thread is counted."""
    threads, unreadable = list[FoundThread](), 0
    for page in pages:
        try:
            value = json_line.parse(page)["value"]
        except (ValueError, KeyError):
            value = None
        if not isinstance(value, list):
            unreadable += 1
            continue
        found = list(filter(None, map(found_thread, value)))
        threads += found
        unreadable += len(value) - len(found)
    return FoundThreads(threads=threads, unreadable=unreadable)


def found_thread(item: Any) -> FoundThread | None:
    """Return a listed thread; None where it has no id."""
    thread_id = item.get("id") if isinstance(item, dict) else None
    if not isinstance(thread_id, str) or not thread_id:
        return None
    return FoundThread(
        id=thread_id,
        last_message_on=normalise_time(item.get("lastMessageReceivedOn")) or "",
        deleted_on=normalise_time(item.get("deletedOn")) or "",
    )
