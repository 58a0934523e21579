"""Requests to Microsoft Graph, by plain HTTPS.

The token of an app that may migrate may write in anybody's name. So it goes to Graph's
own address and nowhere else: redirects are not followed, and neither is a next page
elsewhere. Only a loopback address may stand in its place, which leaves no machine.

Rule 1: 429 says that nothing was done: it is sent again after as long as the answer
        says, as often as it takes within `WITHIN`.
Rule 2: an answer of 5xx, or none, leaves it open whether something was done. A read is
        repeated; anything else is in doubt, and the caller looks, both after as long
        as the answer says.
Rule 3: 401 says that nothing was done: it stops, and is the fault of no message.
"""

import asyncio
import json
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import aiohttp

from shared.adapters.answers import whole_body
from shared.adapters.azure.sign_in import SignedIn
from shared.domain.errors import Transient
from shared.ports.teams_chats import Collision, InDoubt, Refused

ENDPOINT = "https://graph.microsoft.com/v1.0"
SCOPE = "https://graph.microsoft.com/.default"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
TIMEOUT = aiohttp.ClientTimeout(total=60)
WITHIN = 900.0
"""Seconds for which a request waits for its turn before it is given up."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
NO_ANSWER = (0, HTTPStatus.REQUEST_TIMEOUT)
READS = 5
"""How often a read is tried."""
MOST_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Pace:
    """Lets so many requests begin in a second; all wait where one is told to."""

    per_second: float
    next_at: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def wait(self, until: float) -> None:
        """Wait for one's turn.

        Raises:
            Transient: it would come later than that, by the monotonic clock.

        """
        async with self.turn:
            now = time.monotonic()
            self.next_at = max(self.next_at, now)
            delay = self.next_at - now
            if self.next_at > until:
                raise Transient("Microsoft Graph throttles for too long")
            self.next_at += 1 / self.per_second
        await asyncio.sleep(delay)

    def hold(self, seconds: float) -> None:
        """Let nobody begin for a while."""
        self.next_at = max(self.next_at, time.monotonic() + seconds)


class GraphClient:
    """Sends requests as who is signed in; `close` closes its connections."""

    def __init__(
        self, credential: SignedIn, *, endpoint: str = ENDPOINT, per_second: float = 5
    ) -> None:
        """`endpoint` is Graph's own, or a stand-in on this machine.

        Raises:
            ValueError: it is neither.

        """
        if endpoint != ENDPOINT and urlsplit(endpoint).hostname not in LOOPBACK:
            raise ValueError("a token for Graph goes nowhere else")
        self.credential = credential
        self.endpoint = endpoint.rstrip("/")
        self.pace = Pace(per_second)
        self.session = aiohttp.ClientSession(
            timeout=TIMEOUT, trust_env=bool(getproxies())
        )

    async def close(self) -> None:
        await self.session.close()

    async def get(self, path: str) -> dict[str, Any]:
        """Read something; a path, or the address of a next page.

        Raises:
            Refused: the service says no.
            Transient: it did not answer.

        """
        for attempt in range(1, READS + 1):
            try:
                return await self.send("GET", path)
            except InDoubt:
                if attempt == READS:
                    raise Transient("Microsoft Graph did not answer") from None
                await asyncio.sleep(FIRST_WAIT * attempt)
        raise AssertionError

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Do something.

        Raises:
            Collision: 409.
            Refused: the service says no.
            InDoubt: it may have been done.
            Transient: it was throttled for too long, or nobody is let in.

        """
        return await self.send("POST", path, body)

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        until = time.monotonic() + WITHIN
        wait = FIRST_WAIT
        while True:
            await self.pace.wait(until)
            status, headers, value = await self.once(method, path, body)
            if status != HTTPStatus.TOO_MANY_REQUESTS:
                break
            told = retry_after(headers)
            self.pace.hold(wait if told is None else told)
            wait = min(wait * 2, LONGEST_WAIT)
        if status in NO_ANSWER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.pace.hold(retry_after(headers) or 0)
            raise InDoubt(f"Microsoft Graph answered {status or 'nothing'}")
        if status == HTTPStatus.UNAUTHORIZED:
            raise Transient("Microsoft Graph does not take who is signed in (401)")
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            said = f"Microsoft Graph answered {status} {code_in(value)}".strip()
            raise (Collision if status == HTTPStatus.CONFLICT else Refused)(said)
        return value

    async def once(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> tuple[int, Mapping[str, str], dict[str, Any]]:
        """Send a request; return its status, 0 where no answer came."""
        token = (await self.credential.get_token(SCOPE)).token
        link = path if path.startswith(f"{self.endpoint}/") else self.endpoint + path
        try:
            async with self.session.request(
                method,
                link,
                headers={"Authorization": f"Bearer {token}"},
                json=body,
                allow_redirects=False,
            ) as answer:
                data = await whole_body(answer, MOST_BYTES)
                value = None
                with suppress(ValueError, RecursionError):
                    value = json.loads(data)
                return (
                    answer.status,
                    answer.headers,
                    value if isinstance(value, dict) else {},
                )
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, {}, {}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds to wait; None where the answer does not say."""
    said = headers.get("Retry-After", "").strip()
    try:
        seconds = float(said)
    except ValueError:
        try:
            date = parsedate_to_datetime(said)
        except ValueError:
            return None
        seconds = (date.astimezone(UTC) - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def code_in(value: Mapping[str, Any]) -> str:
    """Return the code of an error: its message may quote what was sent (P9)."""
    error = value.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) and code.isidentifier() else ""
