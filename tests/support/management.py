"""A loopback stand-in for Azure's management interface."""

import asyncio
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer


class StandIn:
    """Answers a list of event subscriptions as it is told to, and notes who asked."""

    def __init__(self):
        self.items = []
        self.status = 200
        self.text = None
        """What it answers in place of a list."""
        self.pages = 1
        self.headers = {}
        self.silent = False
        self.asked = []
        self.next_link = None
        """In place of its own, where the next page is said to be."""
        self.address = ""

    async def answer(self, request):
        self.asked.append((request.method, request.path_qs, dict(request.headers)))
        if self.silent:
            await asyncio.sleep(60)
        if self.text is not None:
            return web.Response(
                text=self.text, status=self.status, headers=self.headers
            )
        page = int(request.query.get("page", 1))
        body = {"value": self.items[page - 1 :: self.pages]}
        if page < self.pages:
            own = f"{self.address}{request.path}?api-version=x&page={page + 1}"
            body["nextLink"] = self.next_link or own
        return web.json_response(body, status=self.status, headers=self.headers)


@asynccontextmanager
async def management():
    stand_in = StandIn()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stand_in.answer)
    async with TestServer(app) as server:
        stand_in.address = str(server.make_url("")).rstrip("/")
        yield stand_in
