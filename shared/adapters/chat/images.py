"""Images of a thread: the service delivers them to the thread's participants.

Rule 1: the reader's token goes to the resource's own host and to no other, whatever the
        message says. It could not open a file in SharePoint or OneDrive anyway.
Rule 2: nothing is asked for but an image of the message's own thread: a token opens
        whatever else its user may see, and whoever writes chooses the address.
Rule 3: redirects are not followed: a redirected file counts as not fetched.
"""

import asyncio
import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from azure.core.exceptions import AzureError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import AsyncRetryPolicy
from azure.core.rest import HttpRequest

from shared.adapters.chat.clients import ChatClients, SharedTransport
from shared.adapters.chat.limits import LimitPolicy
from shared.domain.errors import Transient
from shared.domain.thread.attachment import FetchOutcome
from shared.ports.chat_service import ReaderRefused
from shared.ports.file_fetcher import FetchedFile, NotFetched, outcome_of

IMAGES_SINCE = "2025-03-15"
"""The version of the service's interface that delivers images of plain ACS chat."""
IMAGE_PATH = re.compile(r"/chat/threads/([^/]+)/images/[\w.~=-]+(?:/[\w.~=-]+){0,2}")


class ImageFetcher:
    """Fetches from the chat service, as one of its users."""

    def __init__(
        self, chat_clients: ChatClients | None, *, most_bytes: int, within: timedelta
    ) -> None:
        """Fetch through `chat_clients`; without them, nothing is fetched."""
        self.chat_clients = chat_clients
        self.most_bytes = most_bytes
        self.within = within

    async def fetch(self, url: str, reader: str, thread_id: str) -> FetchedFile:
        """Return one file; its address may be relative to its thread."""
        if self.chat_clients is None:
            raise NotFetched("fetching attachments is off (FETCH_IMAGES)")
        url = address_in(self.chat_clients.endpoint, thread_id, url)
        if not is_of(self.chat_clients.endpoint, url):
            raise NotFetched("it is stored outside the chat service")
        if not is_image_of(thread_id, url):
            raise NotFetched("its address is not that of an image of this thread")
        if not reader:
            raise NotFetched("nobody may read the thread")
        try:
            async with asyncio.timeout(self.within.total_seconds()):
                return await self.get(self.chat_clients, url, reader)
        except TimeoutError:
            raise NotFetched(
                f"fetching took longer than {self.within}",
                FetchOutcome.UNREACHABLE,
                requested=True,
            ) from None
        except (AzureError, ReaderRefused, Transient) as error:
            raise NotFetched(
                f"no answer: {type(error).__name__}",
                FetchOutcome.UNREACHABLE,
                requested=True,
            ) from None

    async def get(
        self, chat_clients: ChatClients, url: str, reader: str
    ) -> FetchedFile:
        token = (await (await chat_clients.tokens.credential(reader)).get_token()).token
        pipeline = AsyncPipeline[HttpRequest, Any](
            SharedTransport(chat_clients.connections),
            [
                AsyncRetryPolicy[HttpRequest, Any](**chat_clients.options),
                LimitPolicy(chat_clients.limiter, reader),
            ],
        )
        request = HttpRequest("GET", url, headers={"Authorization": f"Bearer {token}"})
        answered = await pipeline.run(request, stream=True)
        response = answered.http_response
        try:
            if response.status_code != HTTPStatus.OK:
                raise NotFetched(
                    f"the service answered {response.status_code}",
                    outcome_of(response.status_code),
                    requested=True,
                )
            data = bytearray()
            async for part in response.iter_bytes():
                data += part
                if len(data) > self.most_bytes:
                    raise NotFetched(
                        f"it is larger than {self.most_bytes} bytes",
                        FetchOutcome.TOO_LARGE,
                        requested=True,
                    )
        finally:
            await response.close()
        content_type = str(response.headers.get("Content-Type", ""))
        return FetchedFile(data=bytes(data), content_type=content_type)


def address_in(endpoint: str, thread_id: str, url: str) -> str:
    """Return an image's whole address; one that cannot be read as it is."""
    thread = f"{endpoint}/chat/threads/{quote(thread_id, safe='')}/"
    try:
        whole = urljoin(thread, url)
        has_version = bool(urlsplit(whole).query)
    except ValueError:
        return url
    return whole if has_version else f"{whole}?api-version={IMAGES_SINCE}"


def is_image_of(thread_id: str, url: str) -> bool:
    """Return whether an address is one of the images of a thread."""
    path = urlsplit(url).path
    match = IMAGE_PATH.fullmatch(path)
    if match is None or unquote(match[1]) != thread_id:
        return False
    return all(part.strip(".") for part in path.split("/")[1:])


def is_of(endpoint: str, url: str) -> bool:
    """Return whether an address belongs to the resource itself."""
    try:
        ours, requested = urlsplit(endpoint), urlsplit(url)
        is_same = (ours.scheme, ours.hostname, ours.port) == (
            requested.scheme,
            requested.hostname,
            requested.port,
        )
    except ValueError:
        return False
    # Parsers disagree about backslashes and user names, and neither is ever needed.
    return is_same and "\\" not in url and "@" not in requested.netloc
