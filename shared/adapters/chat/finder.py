"""The threads of a user: the service has no other way to list threads."""

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from azure.core.exceptions import HttpResponseError

from shared.adapters.chat.clients import ChatClients
from shared.adapters.chat.paging import Answers, all_pages
from shared.domain import json_line
from shared.domain.identity import raw_id
from shared.domain.thread.listing import Page, PageKind, items
from shared.domain.thread.retention import deleted_from
from shared.domain.times import normalise_time
from shared.ports.thread_finder import FoundThread, FoundThreads

PAGE_SIZE = 200
"""The most threads that the service returns per page."""


class AcsThreadFinder:
    """Finds threads and users, each answer within `list_within`."""

    def __init__(self, chat_clients: ChatClients, list_within: timedelta) -> None:
        self.chat_clients = chat_clients
        self.list_within = list_within

    async def threads_of(self, user_id: str) -> FoundThreads:
        """Return a user's threads."""
        async with (
            self.chat_clients.reading(user_id, self.list_within) as came,
            self.chat_clients.user(user_id, came) as client,
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

    async def deletion_due(self, thread_id: str, reader: str) -> str:
        """Return when a thread's retention policy has it deleted."""
        asked, answers = self.chat_clients.api_version, Answers()
        if not asked:
            return ""  # the SDK's own version has no such policies
        async with self.chat_clients.reading(reader, self.list_within):
            try:
                async with self.chat_clients.thread(thread_id, reader, asked) as client:
                    await answers.take(
                        client.get_properties(raw_response_hook=answers.collect)
                    )
            except HttpResponseError as error:
                if error.status_code == HTTPStatus.BAD_REQUEST:
                    return ""
                raise
        return deletion_told(answers.bodies[-1])

    async def newest_sequence(self, thread_id: str, reader: str) -> int:
        """Return the newest message's sequence number."""
        async with (
            self.chat_clients.reading(reader, self.list_within),
            self.chat_clients.thread(thread_id, reader) as client,
        ):
            async for message in client.list_messages(results_per_page=1):
                return int(message.sequence_id or 0)
            return 0


def deletion_told(properties: str) -> str:
    """Return when a thread is deleted by the policy in its properties; "" for never."""
    try:
        value = json_line.parse(properties)
        created, policy = value["createdOn"], value["retentionPolicy"]
    except (ValueError, KeyError, TypeError):
        return ""
    if not isinstance(created, str) or not isinstance(policy, dict):
        return ""
    return deleted_from(created, policy)


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
