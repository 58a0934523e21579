"""One thread, listed page by page; the raw JSON of every page is returned.

The SDK's models drop fields, and fail at an odd one: they neither drive the paging nor
decide what is kept, which is whatever was answered. Messages are listed newest
change first, and an edit moves a message up: the listing is repeated until a pass ends
with nothing newer than it began with. Who knows the thread already needs no page below
the first that holds nothing new.

The newest version of the interface tells most. Where the service does not speak it, all
is asked again in the version of the SDK.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from azure.communication.chat.aio import ChatThreadClient
from azure.core.exceptions import HttpResponseError

from shared.adapters.chat.clients import UNREADABLE, ChatClients
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


@dataclass(slots=True)
class Answers:
    """The bodies of successful answers, as received, and the version that gave them."""

    bodies: list[str] = field(default_factory=list)
    api_version: str = ""

    def collect(self, response: Any) -> None:
        """Take an answer: the hook that the SDK calls with each."""
        if response.http_response.status_code == HTTPStatus.OK:
            self.bodies.append(response.http_response.text())
            query = parse_qs(urlsplit(response.http_request.url).query)
            self.api_version = query.get("api-version", [""])[-1]

    async def take(self, call: Awaitable[Any]) -> None:
        """Make a call of the SDK. What it makes of an answer that came is no matter."""
        before = len(self.bodies)
        try:
            await call
        except UNREADABLE:
            if len(self.bodies) == before:
                raise

    def pages(self, kind: PageKind) -> list[Page]:
        """Return them as pages."""
        return [Page(kind=kind, body=body) for body in self.bodies]


class AcsChatService:
    """Reads threads, each within `list_within`."""

    def __init__(self, chat_clients: ChatClients, list_within: timedelta) -> None:
        self.chat_clients = chat_clients
        self.list_within = list_within

    async def list_thread(
        self, thread_id: str, reader: str, is_known: IsKnown | None = None
    ) -> ServiceListing:
        """Return a thread's pages, of messages those down to a known one."""
        asked = self.chat_clients.api_version
        async with self.chat_clients.reading(reader, self.list_within):
            try:
                async with self.chat_clients.thread(thread_id, reader, asked) as client:
                    return await list_all(client, is_known)
            except HttpResponseError as error:
                if not asked or error.status_code != HTTPStatus.BAD_REQUEST:
                    raise
            async with self.chat_clients.thread(thread_id, reader) as client:
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
    return answers.pages(PageKind.PROPERTIES)


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
    answers = Answers()
    link: str | None = None
    while True:
        pages = list_items(raw_response_hook=answers.collect, **options).by_page(link)
        await answers.take(anext(pages))
        newest = Page(kind=kind, body=answers.bodies[-1])
        link = next_link(newest)
        if link is None or (is_last and is_last(newest)):
            break
    return Collected(
        pages=answers.pages(kind),
        are_all=link is None,
        api_version=answers.api_version,
    )


def next_link(page: Page) -> str | None:
    """Return the address of the page after a page; None for the last.

    Numbers stay text: a huge one hides no page.

    Raises:
        ValueError, TypeError: the page is no object.

    """
    try:
        value = json.loads(page.body, parse_int=str, parse_float=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise TypeError("no page of a list")
    link = value.get("nextLink")
    return link if isinstance(link, str) and link else None


def newest_version(pages: list[Page]) -> int:
    listed = (item for page in pages for item in items(page))
    return max((parse_version(item.get("version")) or 0 for item in listed), default=0)
