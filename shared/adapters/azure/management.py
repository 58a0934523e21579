"""Azure Resource Manager, by plain HTTPS: the lists that the doctor reads.

A token for it may change whatever its owner may change. So it goes to Azure's own
address and nowhere else: redirects are not followed, and neither is a next page
elsewhere. Only a loopback address may stand in its place, which leaves no machine.
"""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import aiohttp

from shared.adapters.answers import whole_body
from shared.adapters.azure.sign_in import SignedIn
from shared.ports.management import Resources

ENDPOINT = "https://management.azure.com"
SCOPE = "https://management.azure.com/.default"
EVENT_GRID_VERSION = "2025-02-15"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MOST_PAGES = 10
MOST_BYTES = 4 * 1024 * 1024
TIMEOUT = aiohttp.ClientTimeout(total=7)


class ResourceManager:
    """Reads lists of resources as who is signed in."""

    def __init__(self, credential: SignedIn, endpoint: str = ENDPOINT) -> None:
        """`endpoint` is Azure's own, or a stand-in on this machine.

        Raises:
            ValueError: it is neither.

        """
        if endpoint != ENDPOINT and urlsplit(endpoint).hostname not in LOOPBACK:
            raise ValueError("a token for Azure goes nowhere else")
        self.credential = credential
        self.endpoint = endpoint

    async def event_subscriptions(self, topic_id: str) -> Resources:
        """List the event subscriptions of a system topic, page by page."""
        path = f"{topic_id}/eventSubscriptions?api-version={EVENT_GRID_VERSION}"
        token = (await self.credential.get_token(SCOPE)).token
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        items: list[dict[str, Any]] = []
        link = f"{self.endpoint}{path}"
        async with aiohttp.ClientSession(
            headers=headers, timeout=TIMEOUT, trust_env=bool(getproxies())
        ) as session:
            for _ in range(MOST_PAGES):
                status, page = await self.page(session, link)
                found = page.get("value") if isinstance(page, dict) else None
                if status != HTTPStatus.OK or not isinstance(found, list):
                    return Resources(status=status)
                if not all(isinstance(item, dict) for item in found):
                    return Resources(status=status)
                items += found
                link = str(page.get("nextLink") or "")
                if not link.startswith(f"{self.endpoint}/"):
                    break
        return Resources(status=status, items=items)

    async def page(self, session: aiohttp.ClientSession, link: str) -> tuple[int, Any]:
        """Return an answer's status, and what it says; None for what is no JSON."""
        try:
            async with session.get(link, allow_redirects=False) as answer:
                body = await whole_body(answer, MOST_BYTES)
                return answer.status, json.loads(body)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, None
        except (ValueError, RecursionError):
            return answer.status, None
