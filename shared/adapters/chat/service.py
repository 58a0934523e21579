"""One thread, listed page by page; the raw JSON of every page is returned (`paging`).

Messages are listed newest change first, and an edit moves a message up: the listing is
repeated until a pass ends with nothing newer than it began with. Who knows the thread
already needs no page below the first that holds nothing new.

The newest version of the interface tells most. Where the service does not speak it, all
is asked again in the version of the SDK.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from azure.communication.chat.aio import ChatThreadClient
from azure.core.exceptions import HttpResponseError

from shared.adapters.chat.clients import UNREADABLE, ChatClients
from shared.adapters.chat.paging import Answers, all_pages
from shared.domain.log.event import parse_version
from shared.domain.thread.listing import Page, PageKind, items
from shared.ports.chat_service import IsKnown, ServiceListing

PAGE_SIZE = 200
"""The most messages that the service returns per page."""
MOST_PASSES = 5
MOST_WITH_RECEIPTS = 20
"""People in a thread up to which the service keeps read receipts."""
ASK_AGAIN = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)
"""Refusals that say nothing about the thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Pages of a list, and whether they are all that it has."""

    pages: list[Page]
    are_all: bool
    api_version: str


class AcsChatService:
    """Reads threads, each answer within `list_within`."""

    def __init__(self, chat_clients: ChatClients, list_within: timedelta) -> None:
        self.chat_clients = chat_clients
        self.list_within = list_within

    async def list_thread(
        self, thread_id: str, reader: str, is_known: IsKnown | None = None
    ) -> ServiceListing:
        """Return a thread's pages, of messages those down to a known one."""
        clients, asked = self.chat_clients, self.chat_clients.api_version
        async with clients.reading(reader, self.list_within) as came:
            try:
                async with clients.thread(thread_id, reader, asked, came) as client:
                    return await list_all(client, is_known)
            except HttpResponseError as error:
                if not asked or error.status_code != HTTPStatus.BAD_REQUEST:
                    raise
            async with clients.thread(thread_id, reader, came=came) as client:
                listing = await list_all(client, is_known)
        return replace(listing, refused_version=asked)


async def list_all(
    client: ChatThreadClient, is_known: IsKnown | None
) -> ServiceListing:
    """Return all pages; those that a former member is refused are left out.

    Messages must be readable.
    """
    messages, settled = await list_messages(client, is_known)
    properties = await unless_forbidden(get_properties, client)
    participants = await unless_forbidden(list_participants, client)
    receipts, no_receipts = await list_receipts(client, participants)
    return ServiceListing(
        pages=(*properties, *messages.pages, *participants, *receipts),
        settled=settled,
        is_whole=messages.are_all,
        api_version=messages.api_version,
        no_receipts=no_receipts,
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


async def list_receipts(
    client: ChatThreadClient, participants: list[Page]
) -> tuple[list[Page], str]:
    """Return the pages of read receipts, or none and why.

    No event tells receipts, and they are no part of what was said: that they cannot be
    had keeps nothing else from being listed.
    """
    people = sum(len(items(page)) for page in participants)
    if people > MOST_WITH_RECEIPTS:
        return [], f"the service keeps none of over {MOST_WITH_RECEIPTS} people"
    try:
        listed = await collect_pages(PageKind.RECEIPTS, client.list_read_receipts)
    except UNREADABLE:
        return [], "the service's answer cannot be read"
    except HttpResponseError as error:
        status = error.status_code or 0
        if status in ASK_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return [], f"the service answered {status} to this reader"
    return listed.pages, ""


async def get_properties(client: ChatThreadClient) -> list[Page]:
    answers = Answers()
    await answers.take(client.get_properties(raw_response_hook=answers.collect))
    return pages_of(PageKind.PROPERTIES, answers)


async def collect_pages(
    kind: PageKind,
    list_items: Callable[..., Any],
    is_last: Callable[[Page], bool] | None = None,
    **options: Any,
) -> Collected:
    """Return the raw bodies of all pages of a list, or down to the one that is last.

    Raises:
        ValueError, TypeError: a page is no object: nobody knows which is the next.

    """

    def ends(body: str) -> bool:
        return is_last is not None and is_last(Page(kind=kind, body=body))

    answers, are_all = await all_pages(list_items, ends, **options)
    return Collected(
        pages=pages_of(kind, answers),
        are_all=are_all,
        api_version=answers.api_version,
    )


def pages_of(kind: PageKind, answers: Answers) -> list[Page]:
    return [Page(kind=kind, body=body) for body in answers.bodies]


def newest_version(pages: list[Page]) -> int:
    listed = (item for page in pages for item in items(page))
    return max((parse_version(item.get("version")) or 0 for item in listed), default=0)
