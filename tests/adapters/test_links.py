"""Links, fetched from a server over TLS; addresses that nobody may make us ask."""

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver

from builders import THREAD
from local.ports import free_ports
from shared.adapters.links import LinkFetcher, PublicResolver, is_public
from shared.ports.file_fetcher import NotFetched

HOST, OTHER = "files.example.com", "cdn.example.com"
FILE = b"%PDF" + bytes(100_000)


class Names(AbstractResolver):
    """Finds every host on this machine."""

    def __init__(self, address="127.0.0.1"):
        self.address = address
        self.asked = []

    async def resolve(self, host, port=0, family=socket.AF_INET):
        self.asked.append(host)
        return [
            {
                "hostname": host, "host": self.address, "port": port,
                "family": socket.AF_INET, "proto": 0, "flags": 0,
            }
        ]  # fmt: skip

    async def close(self):
        pass


class Server:
    """A file server that does what it is told to."""

    def __init__(self, port, trust):
        self.port = port
        self.trust = trust
        self.names = Names()
        self.requests = []

    def url(self, path, host=HOST):
        return f"https://{host}:{self.port}/{path}"

    def fetcher(self, hosts=(HOST, OTHER), *, within=5.0, most_bytes=200_000, **more):
        options = {
            "resolver": PublicResolver(self.names, lambda _: True),
            "trust": self.trust,
            "port": self.port,
        }
        return LinkFetcher(
            hosts,
            most_bytes=most_bytes,
            within=timedelta(seconds=within),
            **options | more,
        )

    async def answer(self, request):
        self.requests.append(request)
        what = request.path.strip("/")
        if what == "file":
            return web.Response(body=FILE, content_type="application/pdf")
        if what.startswith("to-"):
            place = {
                "to-other": self.url("file", OTHER),
                "to-file": "/file",
                "to-evil": self.url("file", "evil.example.com"),
                "to-http": f"http://{HOST}:{self.port}/file",
                "to-itself": "/to-itself",
                "to-nowhere": "",
                "to-nonsense": "https://[",
            }[what]
            return web.Response(status=302, headers={"Location": place})
        if what == "slow":
            await asyncio.sleep(5)
        if what == "endless":
            stream = web.StreamResponse()
            await stream.prepare(request)
            with suppress(ConnectionError):
                while not request.transport.is_closing():
                    await stream.write(bytes(50_000))
                    await asyncio.sleep(0)
            return stream
        if what == "zipped":
            return web.Response(body=b"x", headers={"Content-Encoding": "gzip"})
        return web.Response(status=404)


@asynccontextmanager
async def serving():
    authority = trustme.CA()
    (port,) = free_ports(1)
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST, OTHER).configure_cert(server_side)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    server = Server(port, trust)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=server_side).start()
    try:
        yield server
    finally:
        await runner.cleanup()


@pytest.fixture
async def server():
    async with serving() as running:
        yield running


async def test_a_file_is_fetched_from_a_host_that_is_named(server):
    fetched = await server.fetcher().fetch(
        server.url("file?sig=a%2Bb%3D"), "8:acs:x", THREAD
    )

    assert (fetched.data, fetched.content_type) == (FILE, "application/pdf")
    (request,) = server.requests
    assert request.query["sig"] == "a+b="
    assert not {"Authorization", "Cookie"} & request.headers.keys()


@pytest.mark.parametrize("path", ["to-file", "to-other"])
async def test_it_is_followed_to_hosts_that_are_named(server, path):
    assert (await server.fetcher().fetch(server.url(path), "", THREAD)).data == FILE


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("to-evil", "not on the list"),
        ("to-http", "not a plain https"),
        ("to-itself", "more than 3 redirects"),
        ("to-nonsense", "no answer"),
        ("missing", "answered 404"),
        ("zipped", "not requested"),
        ("endless", "larger than 200000"),
    ],
)
async def test_what_cannot_be_had_has_a_reason(server, path, reason):
    with pytest.raises(NotFetched, match=reason):
        await server.fetcher().fetch(server.url(path), "", THREAD)

    assert "evil.example.com" not in server.names.asked


async def test_a_slow_server_is_not_waited_for(server):
    with pytest.raises(NotFetched, match="longer than"):
        await server.fetcher(within=0.2).fetch(server.url("slow"), "", THREAD)


async def test_a_host_that_is_not_named_is_not_even_looked_up(server):
    with pytest.raises(NotFetched, match="not on the list"):
        await server.fetcher([OTHER]).fetch(server.url("file"), "", THREAD)

    assert server.names.asked == []


async def test_without_any_host_it_is_off(server):
    with pytest.raises(NotFetched, match="off"):
        await server.fetcher([]).fetch(server.url("file"), "", THREAD)


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example.com/x",
        "https://files.example.com:8443/x",
        "https://user@files.example.com/x",
        "https://files.example.com@127.0.0.1/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://2130706433/x",
        "https://files.example.com.evil.example/x",
        "https://evil.example/files.example.com",
        "https://evil.example#@files.example.com/",
        "https://evil.example\\@files.example.com/",
        "ftp://files.example.com/x",
        "file:///etc/passwd",
        "gopher://files.example.com/",
        "data:text/plain,x",
        "//files.example.com/x",
        "files.example.com",
        "https://[",
        "https://files.example.com:99999999/",
        "",
    ],
)
async def test_no_address_gets_past_the_list(url):
    names = Names()
    fetcher = LinkFetcher(
        [HOST], most_bytes=1, within=timedelta(seconds=1), resolver=names
    )

    with pytest.raises(NotFetched):
        await fetcher.fetch(url, "", THREAD)

    assert names.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.1", "224.0.0.1", "255.255.255.255", "168.63.129.16",
        "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::", "ff02::1",
    ],
)  # fmt: skip
def test_an_address_inside_is_not_public(address):
    assert not is_public(address)


async def test_a_named_host_with_an_address_inside_is_not_asked(server):
    fetcher = server.fetcher(resolver=PublicResolver(server.names))

    with pytest.raises(NotFetched, match="not public"):
        await fetcher.fetch(server.url("file"), "", THREAD)

    assert server.requests == []


@pytest.mark.parametrize("address", ["20.60.1.1", "8.8.8.8", "2603:1030::1"])
def test_an_address_outside_is_public(address):
    assert is_public(address)


async def test_a_host_that_nobody_knows_has_a_reason(server):
    class Nobody(Names):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            raise OSError("no such host")

    fetcher = server.fetcher(resolver=PublicResolver(Nobody()))
    with pytest.raises(NotFetched, match="not known"):
        await fetcher.fetch(server.url("file"), "", THREAD)


async def test_a_certificate_of_another_is_refused(server):
    with pytest.raises(NotFetched, match="no answer"):
        await server.fetcher(trust=True).fetch(server.url("file"), "", THREAD)
