"""Linked files, fetched so that no message can make us request anything else (SSRF).

Whoever writes a message chooses the address. So:
Rule 1: only https, the usual port, and a host that the operator has named; this holds
        for redirects too.
Rule 2: a host is contacted only if all its addresses are public, and the connection
        uses the addresses that were checked, so that the name cannot change in between.
Rule 3: none of our tokens, cookies, proxies or client certificates are sent.
Rule 4: bytes and seconds are limited, whatever length the server announces.
"""

import asyncio
import socket
from collections.abc import Callable, Collection
from datetime import timedelta
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from ssl import SSLContext
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from shared.domain.thread.attachment import FetchOutcome
from shared.ports.file_fetcher import FetchedFile, NotFetched, outcome_of

MOST_REDIRECTS = 3
HTTPS_PORT = 443
REDIRECTS = (301, 302, 303, 307, 308)
TRANSLATED = tuple(
    map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
)
"""IPv6 networks whose addresses embed IPv4 ones, which may be private."""
AZURE_HOST = ip_address("168.63.129.16")
"""Where a machine in Azure reaches its own host, although in a public range."""


class NotPublic(OSError):
    """A host has an address that is not public."""


class LinkFetcher:
    """Fetches from the named hosts, and from nowhere else."""

    def __init__(
        self,
        hosts: Collection[str],
        *,
        most_bytes: int,
        within: timedelta,
        port: int = HTTPS_PORT,
        resolver: AbstractResolver | None = None,
        trust: SSLContext | bool = True,
    ) -> None:
        """Fetch from `hosts` only; without any, fetching is off.

        `resolver` looks up hosts, by default only those with public addresses; `trust`
        says which certificates are accepted.
        """
        self.hosts = frozenset(map(str.lower, hosts))
        self.most_bytes = most_bytes
        self.within = within
        self.port = port
        self.resolver = resolver
        self.trust = trust

    async def fetch(
        self,
        url: str,
        reader: str,  # noqa: ARG002 - no reader's token is sent
        thread_id: str,  # noqa: ARG002 - nor is anybody told what it is for
    ) -> FetchedFile:
        """Return one file."""
        if not self.hosts:
            raise NotFetched("fetching links is off (FETCH_LINKS_FROM names no host)")
        target = self.allowed(url)
        try:
            async with asyncio.timeout(self.within.total_seconds()):
                return await self.follow(target)
        except TimeoutError:
            raise NotFetched(
                f"fetching took longer than {self.within}",
                FetchOutcome.UNREACHABLE,
                requested=True,
            ) from None
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, NotPublic):
                raise NotFetched("its host has an address that is not public") from None
            raise NotFetched(
                "its host is not known", FetchOutcome.UNREACHABLE, requested=True
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NotFetched(
                f"no answer: {type(error).__name__}",
                FetchOutcome.UNREACHABLE,
                requested=True,
            ) from None

    def allowed(self, text: str) -> URL:
        """Return the parsed address.

        Raises:
            NotFetched: the address must not be requested.

        """
        try:
            url = URL(text)
            port = url.port
        except ValueError:
            raise NotFetched("its address cannot be read") from None
        if url.scheme != "https" or port != self.port or url.user or url.password:
            raise NotFetched("its address is not a plain https address")
        if (url.host or "").lower() not in self.hosts:
            raise NotFetched("its host is not on the list (FETCH_LINKS_FROM)")
        return url

    async def follow(self, url: URL) -> FetchedFile:
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self.resolver or PublicResolver(),
                ssl=self.trust,
                use_dns_cache=False,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        ) as session:
            for _ in range(MOST_REDIRECTS + 1):
                async with session.get(url, allow_redirects=False) as response:
                    if response.status not in REDIRECTS:
                        return await self.read(response)
                    place = response.headers.get("Location", "")
                    url = self.allowed(str(url.join(URL(place))))
        raise NotFetched(
            f"there are more than {MOST_REDIRECTS} redirects", requested=True
        )

    async def read(self, response: aiohttp.ClientResponse) -> FetchedFile:
        if response.status != HTTPStatus.OK:
            raise NotFetched(
                f"its server answered {response.status}",
                outcome_of(response.status),
                requested=True,
            )
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise NotFetched(
                "its server sends it in an encoding that was not requested",
                requested=True,
            )
        data = bytearray()
        async for part in response.content.iter_any():
            data += part
            if len(data) > self.most_bytes:
                raise NotFetched(
                    f"it is larger than {self.most_bytes} bytes",
                    FetchOutcome.TOO_LARGE,
                    requested=True,
                )
        content_type = response.headers.get("Content-Type", "")
        return FetchedFile(data=bytes(data), content_type=content_type)


class PublicResolver(AbstractResolver):
    """Looks up hosts, and refuses those with any address that is not public."""

    def __init__(
        self,
        inner: AbstractResolver | None = None,
        is_good: Callable[[str], bool] | None = None,
    ) -> None:
        """Check what `inner` finds; `is_good` says which addresses may be contacted."""
        self.inner = inner or aiohttp.ThreadedResolver()
        self.is_good = is_good or is_public

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,
    ) -> list[ResolveResult]:
        """Return the addresses of a host.

        Raises:
            NotPublic: one of its addresses is not public.

        """
        addresses = await self.inner.resolve(host, port, family)
        if not all(self.is_good(address["host"]) for address in addresses):
            raise NotPublic("an address is not public")
        return addresses

    async def close(self) -> None:
        """Close the inner resolver."""
        await self.inner.close()


def is_public(address: str) -> bool:
    """Return whether an IP address belongs to the public internet."""
    ip: Any = ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return bool(
        ip.is_global
        and not ip.is_multicast
        and ip != AZURE_HOST
        and not any(
            ip in network for network in TRANSLATED if network.version == ip.version
        )
    )
