"""The service's limits, respected before it has to throttle.

Source: the service limits of Azure Communication Services. A request waits for its turn
under every limit that counts it; a retry is a request like any other. If the service
throttles all the same, the SDK waits as long as `Retry-After` says.
"""

import asyncio
import re
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import AsyncHTTPPolicy

from shared import telemetry

MOST_KEYS = 50_000
"""Most users and threads counted at once; the least recently used is evicted."""
THREAD_PATH = re.compile(r"/chat/threads/([^/]+)(?:/([a-zA-Z]+))?/?")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` in any period of `seconds`."""

    calls: int
    seconds: float


TOKENS = (Limit(1000, 30),)
OF_USER = (Limit(50, 10),)
MESSAGES_OF_USER = (Limit(50, 10), Limit(200, 60))
MESSAGES_OF_THREAD = (Limit(250, 10), Limit(400, 60))
PARTICIPANTS_OF_USER = (Limit(10, 10),)
PARTICIPANTS_OF_THREAD = (Limit(250, 10),)
RECEIPTS_OF_USER = (Limit(5, 10),)

Key = tuple[str, ...]


def counted_by(path: str, user: str) -> Iterator[tuple[Key, tuple[Limit, ...]]]:
    """Yield the limits that a request counts against, each with its key."""
    if path.endswith("/:issueAccessToken"):
        yield ("tokens",), TOKENS
        return
    match = THREAD_PATH.fullmatch(path)
    if match is None:
        yield ("threads", user), OF_USER
        return
    thread, what = unquote(match[1]), match[2]
    if what == "messages":
        yield ("messages", thread, user), MESSAGES_OF_USER
        yield ("messages", thread), MESSAGES_OF_THREAD
    elif what == "participants":
        yield ("participants", thread, user), PARTICIPANTS_OF_USER
        yield ("participants", thread), PARTICIPANTS_OF_THREAD
    elif what == "readReceipts":
        yield ("receipts", thread, user), RECEIPTS_OF_USER
    else:
        yield ("threads", user), OF_USER


class Limiter:
    """Lets requests pass at the rate that the service allows."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.now = now
        self.sleep = sleep
        self.passed: OrderedDict[Key, deque[float]] = OrderedDict()

    async def turn(self, path: str, user: str) -> None:
        """Wait until a request may be sent, and count it."""
        counted = list(counted_by(path, user))
        while (wait := max(self.wait(*count) for count in counted)) > 0:
            # Others wait too, and may use up the limit first: check again afterwards.
            await self.sleep(wait)
        now = self.now()
        for key, limits in counted:
            times = self.passed.setdefault(key, deque())
            self.passed.move_to_end(key)
            times.append(now)
            while len(times) > max(limit.calls for limit in limits):
                times.popleft()
        while len(self.passed) > MOST_KEYS:
            self.passed.popitem(last=False)

    def wait(self, key: Key, limits: tuple[Limit, ...]) -> float:
        """Return the seconds until all of a key's limits allow one more request."""
        times = self.passed.get(key, ())
        now = self.now()
        return max(
            times[-limit.calls] + limit.seconds - now
            if len(times) >= limit.calls
            else 0.0
            for limit in limits
        )


class LimitPolicy(AsyncHTTPPolicy[Any, Any]):
    """Makes every request of one user wait for its turn."""

    def __init__(self, limiter: Limiter, user: str = "") -> None:
        super().__init__()
        self.limiter = limiter
        self.user = user

    async def send(self, request: PipelineRequest[Any]) -> Any:
        """Send a request when its turn has come."""
        path = urlsplit(request.http_request.url).path
        await self.limiter.turn(path, self.user)
        response = await self.next.send(request)
        if response.http_response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            telemetry.CHAT_THROTTLED.add(1)
        return response
