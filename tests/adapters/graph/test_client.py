"""Graph over a real connection: what is repeated, what is in doubt, what is never said."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from local.graph.server import graph_server
from local.served import served
from shared.adapters.graph.chats import GraphChats
from shared.adapters.graph.client import ENDPOINT, GraphClient, Pace, retry_after
from shared.domain.errors import Transient
from shared.ports.teams_chats import Collision, InDoubt, Refused

MEMBERS = ["a-1", "b-2"]


class Token:
    token = "secret-token"

    async def get_token(self, *scopes):
        return self


@asynccontextmanager
async def client_of(address):
    client = GraphClient(Token(), endpoint=address, per_second=1000)
    try:
        yield client
    finally:
        await client.close()


def chat(topic="Loan"):
    return {
        "chatType": "group",
        "topic": topic,
        "members": [
            {
                "@odata.type": "#microsoft.graph.aadUserConversationMember",
                "roles": ["owner"],
                "user@odata.bind": f"{ENDPOINT}/users('{member}')",
            }
            for member in MEMBERS
        ],
    }


def message(time, author="a-1", text="hello"):
    return {
        "createdDateTime": time,
        "from": {"user": {"id": author, "userIdentityType": "aadUser"}},
        "body": {"contentType": "html", "content": text},
    }


async def test_a_chat_from_its_beginning_to_its_end():
    with graph_server() as server:
        async with client_of(server.address) as client:
            chats = GraphChats(client)
            made = await chats.create(chat())
            assert (await chats.state(made)).mode == ""
            await chats.start(made, "2025-01-01T00:00:00.000Z")
            ids = [
                await chats.post(made, message(f"2025-02-01T00:00:00.{at:03}Z"))
                for at in range(120)
            ]
            with pytest.raises(Collision):
                await chats.post(made, message("2025-02-01T00:00:00.007Z"))
            found = [each.id async for each in chats.messages(made) if each.author]
            assert found == ids[::-1]
            newest = await chats.newest_until(made, "2025-02-01T00:00:00.007Z")
            assert newest[0].id == ids[7]
            assert [each.id for each in await chats.chats_of("A-1")] == [made]
            await chats.complete(made)
            assert (await chats.state(made)).mode == "completed"
            with pytest.raises(Refused, match="403 Forbidden"):
                await chats.post(made, message("2025-03-01T00:00:00.000Z"))


@pytest.mark.parametrize(
    "broken",
    [{"topic": "a: b"}, {"topic": "x" * 251}, {"members": []}, {"chatType": "meeting"}],
)
async def test_what_breaks_a_rule_is_refused_with_its_code_and_no_words(broken):
    with graph_server() as server:
        async with client_of(server.address) as client:
            with pytest.raises(Refused) as refused:
                await GraphChats(client).create({**chat(), **broken})
    assert str(refused.value) == "Microsoft Graph answered 400 BadRequest"


async def test_429_is_waited_for_as_it_says():
    times = []

    async def throttled(request):
        times.append(time.monotonic())
        if len(times) < 3:
            return web.json_response({}, status=429, headers={"Retry-After": "0.4"})
        return web.json_response({"id": "x"}, status=201)

    app = web.Application()
    app.router.add_post("/chats", throttled)
    with served(app) as address:
        async with client_of(address) as client:
            assert await GraphChats(client).create(chat()) == "x"
    assert times[1] - times[0] >= 0.35
    assert times[2] - times[1] >= 0.35


async def test_a_read_is_repeated_and_a_post_is_in_doubt(monkeypatch):
    monkeypatch.setattr("shared.adapters.graph.client.FIRST_WAIT", 0.01)
    asked = []

    async def failing(request):
        asked.append(request.method)
        return web.json_response({}, status=503)

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", failing)
    with served(app) as address:
        async with client_of(address) as client:
            with pytest.raises(InDoubt):
                await GraphChats(client).create(chat())
            with pytest.raises(Transient, match="did not answer"):
                await GraphChats(client).state("x")
    assert asked == ["POST", *["GET"] * 5]
    async with client_of(address) as client:  # nobody listens there any more
        with pytest.raises(InDoubt):
            await GraphChats(client).create(chat())


async def test_the_token_follows_no_redirect_and_no_page_elsewhere():
    seen = []

    async def elsewhere(request):
        seen.append(request.headers.get("Authorization"))
        return web.json_response({"value": []})

    other = web.Application()
    other.router.add_route("*", "/{any:.*}", elsewhere)
    with served(other) as trap:

        async def redirect(request):
            raise web.HTTPTemporaryRedirect(f"{trap}/chats")

        async def page(request):
            return web.json_response({"value": [], "@odata.nextLink": f"{trap}/more"})

        app = web.Application()
        app.router.add_post("/chats", redirect)
        app.router.add_get("/chats/x/messages", page)
        with served(app) as address:
            async with client_of(address) as client:
                with pytest.raises(Refused, match="307"):
                    await GraphChats(client).create(chat())
                with pytest.raises(Transient, match="another address"):
                    [each async for each in GraphChats(client).messages("x")]
    assert seen == []


@pytest.mark.parametrize(
    "endpoint", ["https://graph.example.com", "http://10.0.0.1/v1.0", "https://x"]
)
async def test_a_token_goes_to_graph_alone(endpoint):
    with pytest.raises(ValueError, match="nowhere else"):
        GraphClient(Token(), endpoint=endpoint)


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", '{"value": 1}', '{"id": ""}', "<html>sign in</html>",
     '{"migrationMode": "completed"}'],
)  # fmt: skip
async def test_odd_answers_are_answers(body):
    async def odd(request):
        return web.Response(text=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", odd)
    with served(app) as address:
        async with client_of(address) as client:
            chats = GraphChats(client)
            with pytest.raises(InDoubt):
                await chats.create(chat())
            with pytest.raises(Transient):
                await chats.chats_of("a-1")
            with pytest.raises(Transient, match="cannot be read"):
                await chats.state("x")


async def test_requests_keep_to_a_pace():
    pace = Pace(50)
    began = time.monotonic()
    await asyncio.gather(*(pace.wait(began + 9) for _ in range(11)))
    assert time.monotonic() - began >= 0.19


async def test_a_page_of_the_longest_messages_is_read_whole():
    """It comes in many parts; what has come first is not all."""
    with graph_server() as server:
        async with client_of(server.address) as client:
            chats = GraphChats(client)
            made = await chats.create(chat())
            await chats.start(made, "2025-01-01T00:00:00.000Z")
            for at in range(60):
                said = message(f"2025-02-01T00:00:00.{at:03}Z", text="x" * 28_000)
                await chats.post(made, said)
            found = [each async for each in chats.messages(made) if each.author]
    assert len(found) == 60


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [("0", 0, 0), ("-5", 0, 0), (" 2 ", 2, 2), ("1e9", 1e9, 1e9),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
     ("Fri, 31 Dec 9999 23:59:59 GMT", 1e9, 1e12)],
)  # fmt: skip
def test_how_long_to_wait_is_a_number_or_a_date(said, least, most):
    assert least <= retry_after({"Retry-After": said}) <= most


@pytest.mark.parametrize("said", ["", "soon", "nan", "inf", "-inf", "1e999", "12 12"])
def test_what_says_no_time_is_waited_for_as_usual(said):
    assert retry_after({"Retry-After": said}) is None


@pytest.mark.parametrize("told", ["86400", "1e300", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_who_is_told_to_wait_too_long_says_so_and_so_do_all_others(told):
    """Nobody waits for a day, nor hangs."""

    async def throttled(request):
        return web.json_response({}, status=429, headers={"Retry-After": told})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", throttled)
    with served(app) as address:
        async with client_of(address) as client:
            chats = GraphChats(client)
            async with asyncio.timeout(10):
                said = await asyncio.gather(
                    *(chats.create(chat()) for _ in range(4)), return_exceptions=True
                )
    assert {str(error) for error in said} == {"Microsoft Graph throttles for too long"}


@pytest.mark.parametrize(
    ("status", "kind"), [(401, Transient), (408, InDoubt), (403, Refused)]
)
async def test_who_is_not_let_in_or_timed_out_has_not_failed_for_good(status, kind):
    async def answer(request):
        return web.json_response({}, status=status)

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    with served(app) as address:
        async with client_of(address) as client:
            with pytest.raises(kind) as raised:
                await GraphChats(client).create(chat())
    assert type(raised.value) is kind


async def test_a_failure_that_names_a_time_is_given_that_time():
    async def failing(request):
        return web.json_response({}, status=503, headers={"Retry-After": "0.3"})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", failing)
    with served(app) as address:
        async with client_of(address) as client:
            began = time.monotonic()
            for _ in range(2):
                with pytest.raises(InDoubt):
                    await GraphChats(client).create(chat())
    assert time.monotonic() - began >= 0.3
