"""Lists of the service, page by page, as it answered them.

The SDK sends, signs and retries. Its models drop fields, and fail at a time that is
none or a list that is no list: they neither drive the paging nor decide what is kept.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.adapters.chat.clients import UNREADABLE


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


async def all_pages(
    list_items: Callable[..., Any],
    is_last: Callable[[str], bool] = lambda _: False,
    **options: Any,
) -> tuple[Answers, bool]:
    """Return the pages of a list, and whether they are all that it has.

    With `is_last` they end with the first page of which that is true.

    Raises:
        ValueError, TypeError: a page is no object: nobody knows which is the next.

    """
    answers = Answers()
    link: str | None = None
    while True:
        pages = list_items(raw_response_hook=answers.collect, **options).by_page(link)
        await answers.take(anext(pages))
        link = next_link(answers.bodies[-1])
        if link is None or is_last(answers.bodies[-1]):
            return answers, link is None


def next_link(body: str) -> str | None:
    """Return the address of the page after a page; None for the last.

    Numbers stay text: a huge one hides no page.

    Raises:
        ValueError, TypeError: the page is no object.

    """
    try:
        value = json.loads(body, parse_int=str, parse_float=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise TypeError("no page of a list")
    link = value.get("nextLink")
    return link if isinstance(link, str) and link else None
