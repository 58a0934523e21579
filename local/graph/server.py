"""The stand-in as a server, and how it misbehaves on demand.

An answer may be lost after the work is done, requests may be throttled or fail, and a
message may be shown a while after it was taken: as networks and services do.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from local.graph.rules import Broken, Chat, Graph
from local.served import served

PREFIX = "/v1.0"
BEFORE = "createdDateTime lt "
MOST_BYTES = 8 * 1024 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True, kw_only=True)
class GraphServer:
    """What it does: shares of requests that are throttled, fail, or lose their answer.

    `lag` is for how many seconds a message that was taken is not shown. `requests` are
    all that came, as method and path.
    """

    throttle: float = 0
    fail: float = 0
    lose: float = 0
    lag: float = 0
    retry_after: str = "0"
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    graph: Graph = field(default_factory=Graph)
    requests: list[tuple[str, str]] = field(default_factory=list)
    shown_from: dict[str, float] = field(default_factory=dict)
    address: str = ""

    def said(self, chat: Chat) -> list[dict[str, Any]]:
        """Return what people said in a chat, oldest first."""
        return [chat.messages[at] for at in sorted(chat.messages)
                if chat.messages[at]["from"]]  # fmt: skip

    @web.middleware
    async def misbehave(
        self, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        if self.chance.random() < self.throttle:
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            return error(429, "TooManyRequests", headers)
        if self.chance.random() < self.fail:
            return error(503, "ServiceUnavailable")
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return error(401, "InvalidAuthenticationToken")
        try:
            answer = await handler(request)
        except Broken as broken:
            answer = error(broken.status, broken.code)
        if request.method == "POST" and self.chance.random() < self.lose:
            if request.transport:
                request.transport.abort()
            await asyncio.sleep(0)
        return answer

    # Routes

    async def create(self, request: web.Request) -> web.Response:
        return web.json_response(self.graph.create(await request.json()), status=201)

    async def chat(self, request: web.Request) -> web.Response:
        return web.json_response(self.graph.chat(request.match_info["chat"]).json)

    async def chats(self, request: web.Request) -> web.Response:
        member = request.match_info["user"].lower()
        found = [chat.json for chat in self.graph.chats.values()
                 if member in chat.members]  # fmt: skip
        return self.page(request, found)

    async def start(self, request: web.Request) -> web.Response:
        self.graph.start(
            request.match_info["chat"], app_of(request), await request.json()
        )
        return web.Response(status=204)

    async def post(self, request: web.Request) -> web.Response:
        message = self.graph.post(
            request.match_info["chat"], app_of(request), await request.json()
        )
        self.shown_from[message["id"]] = time.monotonic() + self.lag
        return web.json_response(message, status=201)

    async def messages(self, request: web.Request) -> web.Response:
        asked = request.query.get("$filter", "")
        before = asked.removeprefix(BEFORE) if asked.startswith(BEFORE) else ""
        now = time.monotonic()
        found = [
            message
            for message in self.graph.messages(request.match_info["chat"], before)
            if self.shown_from.get(message["id"], 0) <= now
        ]
        return self.page(request, found)

    async def complete(self, request: web.Request) -> web.Response:
        self.graph.complete(request.match_info["chat"], app_of(request))
        return web.Response(status=204)

    def page(self, request: web.Request, items: list[Any]) -> web.Response:
        top = int(request.query.get("$top", "20"))
        skip = int(request.query.get("$skiptoken", "0"))
        body: dict[str, Any] = {"value": items[skip : skip + top]}
        if len(items) > skip + top:
            query = urlencode({**request.query, "$skiptoken": skip + top})
            body["@odata.nextLink"] = (
                f"{self.address.removesuffix(PREFIX)}{request.path}?{query}"
            )
        return web.json_response(body)

    @property
    def app(self) -> web.Application:
        app = web.Application(middlewares=[self.misbehave], client_max_size=MOST_BYTES)
        chat = f"{PREFIX}/chats/{{chat}}"
        app.add_routes(
            [
                web.post(f"{PREFIX}/chats", self.create),
                web.get(chat, self.chat),
                web.get(f"{PREFIX}/users/{{user}}/chats", self.chats),
                web.post(f"{chat}/startMigration", self.start),
                web.post(f"{chat}/messages", self.post),
                web.get(f"{chat}/messages", self.messages),
                web.post(f"{chat}/completeMigration", self.complete),
            ]
        )
        return app


def app_of(request: web.Request) -> str:
    """Return which app asks: its token stands for it."""
    return request.headers["Authorization"]


def error(
    status: int, code: str, headers: dict[str, str] | None = None
) -> web.Response:
    value = {"error": {"code": code, "message": "this message may quote what was sent"}}
    return web.json_response(value, status=status, headers=headers)


@contextmanager
def graph_server(port: int = 0, **behaviour: Any) -> Iterator[GraphServer]:
    """Run the stand-in in a thread until the block ends."""
    server = GraphServer(**behaviour)
    with served(server.app, port) as address:
        server.address = f"{address}{PREFIX}"
        yield server
