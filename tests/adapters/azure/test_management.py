"""Azure's management interface by a stand-in on loopback."""

import asyncio
import time

import pytest
from azure.core.credentials import AccessToken

from management import management
from shared.adapters.azure import management as adapter
from shared.adapters.azure.management import ResourceManager
from shared.adapters.azure.sign_in import SignedIn
from shared.domain.errors import NotSignedIn
from subscriptions import TOPIC_ID, by_call, by_queue


class Somebody:
    def __init__(self):
        self.scopes = []

    async def get_token(self, *scopes, **options):
        self.scopes += scopes
        return AccessToken("a-token", 4_102_444_800)

    async def close(self):
        pass


@pytest.fixture
async def azure():
    async with management() as stand_in:
        yield stand_in


def manager(stand_in, inner=Somebody):
    return ResourceManager(SignedIn(inner), stand_in.address)


async def test_one_list_is_asked_for_with_a_token_for_management_alone(azure):
    somebody = Somebody()
    azure.items = [by_call()]

    listed = await manager(azure, lambda: somebody).event_subscriptions(TOPIC_ID)

    ((method, path, headers),) = azure.asked
    assert (method, path) == (
        "GET",
        f"{TOPIC_ID}/eventSubscriptions?api-version=2025-02-15",
    )
    assert headers["Authorization"] == "Bearer a-token"
    assert somebody.scopes == ["https://management.azure.com/.default"]
    assert (listed.status, listed.items) == (200, [by_call()])


async def test_pages_are_read_to_their_end(azure):
    azure.items, azure.pages = [by_call(), by_queue()], 2

    listed = await manager(azure).event_subscriptions(TOPIC_ID)

    assert listed.items == [by_call(), by_queue()]


async def test_pages_without_an_end_are_not_read_for_ever(azure):
    azure.items, azure.pages = [by_call()], 1000

    await manager(azure).event_subscriptions(TOPIC_ID)

    assert len(azure.asked) == adapter.MOST_PAGES


@pytest.mark.parametrize(
    "link", ["https://evil.test/next", "http://127.0.0.1:{port}.evil.test/"]
)
async def test_a_token_goes_to_no_other_address(azure, link):
    async with management() as other:
        port = azure.address.rpartition(":")[2]
        for there in (link.format(port=port), f"{other.address}/next"):
            azure.items, azure.pages, azure.next_link = [by_call()], 2, there

            listed = await manager(azure).event_subscriptions(TOPIC_ID)

            assert listed.status == 200
        assert not other.asked


async def test_a_redirect_is_not_followed(azure):
    async with management() as other:
        azure.status, azure.headers = 302, {"Location": f"{other.address}/x"}

        listed = await manager(azure).event_subscriptions(TOPIC_ID)

        assert (listed.status, listed.items) == (302, None)
        assert not other.asked


@pytest.mark.parametrize(
    "endpoint", ["https://evil.test", "http://management.azure.com", "https://management.azure.com.evil.test", "https://127.0.0.1.evil.test"]
)  # fmt: skip
def test_no_other_endpoint_is_taken(endpoint):
    with pytest.raises(ValueError, match="nowhere else"):
        ResourceManager(SignedIn(Somebody), endpoint)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
async def test_a_refusal_is_its_status(azure, status):
    azure.status, azure.text = status, '{"error": {"code": "X", "message": "m"}}'

    listed = await manager(azure).event_subscriptions(TOPIC_ID)

    assert (listed.status, listed.items) == (status, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "[]",
        "1",
        "{}",
        '{"value": 1}',
        '{"value": [1]}',
        "[" * 100_000,
        "\udcff",
    ],
)
async def test_an_odd_answer_is_no_list(azure, text):
    azure.text = text.encode(errors="replace").decode()

    listed = await manager(azure).event_subscriptions(TOPIC_ID)

    assert (listed.status, listed.items) == (200, None)


async def test_nobody_there_is_no_status():
    listed = await ResourceManager(
        SignedIn(Somebody), "http://127.0.0.1:1"
    ).event_subscriptions(TOPIC_ID)

    assert (listed.status, listed.items) == (0, None)


async def test_one_who_hangs_up_in_the_middle():
    async def hang_up(reader, writer):
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        listed = await ResourceManager(
            SignedIn(Somebody), f"http://127.0.0.1:{port}"
        ).event_subscriptions(TOPIC_ID)

    assert listed.items is None


async def test_one_who_never_answers_is_given_up(azure, monkeypatch):
    monkeypatch.setattr(adapter, "TIMEOUT", adapter.aiohttp.ClientTimeout(total=0.2))
    azure.silent = True
    started = time.monotonic()

    listed = await manager(azure).event_subscriptions(TOPIC_ID)

    assert listed.status == 0
    assert time.monotonic() - started < 5


async def test_nobody_is_signed_in(azure):
    class Nobody(Somebody):
        async def get_token(self, *scopes, **options):
            raise NotSignedIn("nobody")

    with pytest.raises(NotSignedIn):
        await manager(azure, Nobody).event_subscriptions(TOPIC_ID)
    assert not azure.asked
