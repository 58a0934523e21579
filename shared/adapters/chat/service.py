"""One thread, listed page by page; the raw JSON of every page is returned.

The SDK's models drop fields, so they only drive the paging. Messages are listed newest
change first, and an edit moves a message up: the listing is repeated until a pass ends
with nothing newer than it began with. Who knows the thread already needs no page below
the first that holds nothing new.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from azure.communication.chat.aio import ChatThreadClient
from azure.core.exceptions import HttpResponseError

from shared.adapters.chat.clients import ChatClients
from shared.domain import json_line
from shared.domain.log.event import parse_version
from shared.domain.thread.listing import Page, PageKind, items
from shared.ports.chat_service import IsKnown, ServiceListing

PAGE_SIZE = 200
"""The most messages that the service returns per page."""
MOST_PASSES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Pages of a list, and whether they are all that it has."""

    pages: list[Page]
    are_all: bool


class AcsChatService:
    """Reads threads, each within `list_within`."""

    def __init__(self, chat_clients: ChatClients, list_within: timedelta) -> None:
        self.chat_clients = chat_clients
        self.list_within = list_within

    async def list_thread(
        self, thread_id: str, reader: str, is_known: IsKnown | None = None
    ) -> ServiceListing:
        """Return a thread's pages, of messages those down to a known one."""
        async with (
            self.chat_clients.reading(reader, self.list_within),
            self.chat_clients.thread(thread_id, reader) as client,
        ):
            return await list_all(client, is_known)


async def list_all(
    client: ChatThreadClient, is_known: IsKnown | None
) -> ServiceListing:
    """Return all pages; those that a former member is refused are left out.

    Messages must be readable.
    """
    messages, settled = await list_messages(client, is_known)
    properties = await unless_forbidden(get_properties, client)
    participants = await unless_forbidden(list_participants, client)
    return ServiceListing(
        pages=(*properties, *messages.pages, *participants),
        settled=settled,
        is_whole=messages.are_all,
    )


async def unless_forbidden(
    read: Callable[[ChatThreadClient], Any], client: ChatThreadClient
) -> list[Page]:
    """Return the pages of something; none if the reader has left and is refused it."""
    try:
        return list(await read(client))
    except HttpResponseError as error:
        if error.status_code == HTTPStatus.FORBIDDEN:
            return []
        raise


async def list_messages(
    client: ChatThreadClient, is_known: IsKnown | None
) -> tuple[Collected, bool]:
    """Return the pages of a pass without changes, and whether there was such a pass."""
    for _ in range(MOST_PASSES):
        listed = await collect_pages(
            PageKind.MESSAGES,
            client.list_messages,
            is_last=is_known,
            results_per_page=PAGE_SIZE,
        )
        if len(listed.pages) == 1:
            return listed, True
        head = await collect_pages(
            PageKind.MESSAGES,
            client.list_messages,
            is_last=lambda _: True,
            results_per_page=PAGE_SIZE,
        )
        if newest_version(head.pages[:1]) <= newest_version(listed.pages[:1]):
            return listed, True
    return listed, False


async def list_participants(client: ChatThreadClient) -> list[Page]:
    listed = await collect_pages(PageKind.PARTICIPANTS, client.list_participants)
    return listed.pages


async def get_properties(client: ChatThreadClient) -> list[Page]:
    bodies: list[str] = []
    await client.get_properties(raw_response_hook=collect_bodies(bodies))
    return [Page(kind=PageKind.PROPERTIES, body=body) for body in bodies]


async def collect_pages(
    kind: PageKind,
    list_items: Callable[..., Any],
    is_last: Callable[[Page], bool] | None = None,
    **options: Any,
) -> Collected:
    """Return the raw bodies of all pages of a list, or down to the one that is last."""
    bodies: list[str] = []
    pages = list_items(raw_response_hook=collect_bodies(bodies), **options).by_page()
    async for _ in pages:
        if is_last and bodies and is_last(Page(kind=kind, body=bodies[-1])):
            break
    return Collected(
        pages=[Page(kind=kind, body=body) for body in bodies],
        are_all=not pages.continuation_token,
    )


def collect_bodies(bodies: list[str]) -> Callable[[Any], None]:
    """Return a hook that collects the body of each successful answer, as received."""

    def collect(response: Any) -> None:
        if response.http_response.status_code == HTTPStatus.OK:
            bodies.append(response.http_response.text())

    return collect


def newest_version(pages: list[Page]) -> int:
    listed = (item for page in pages for item in items(json_line.parse(page.body)))
    return max((parse_version(item.get("version")) or 0 for item in listed), default=0)
