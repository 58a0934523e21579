"""The Identity contract: users of the resource, and their tokens."""

import json
import time
from http import HTTPStatus
from typing import Any

from aiohttp import web

from local.chat_service.answers import refuse
from local.chat_service.service import Service


class Identities(Service):
    """Only users of the resource itself have tokens."""

    __slots__ = ()

    async def create_identity(self, request: web.Request) -> web.Response:
        requested = json.loads(await request.read() or b"{}")
        user = self.world.new_identity()
        body: dict[str, Any] = {"identity": {"id": user}}
        if scopes := requested.get("createTokenWithScopes"):
            body["accessToken"] = self.issue(user, scopes, requested)
        return web.json_response(body, status=HTTPStatus.CREATED)

    async def identity_action(self, request: web.Request) -> web.Response:
        user, action = request.match_info["user"], request.match_info["action"]
        if user not in self.world.identities:
            return refuse(HTTPStatus.NOT_FOUND, "IdentityNotFound")
        if action == ":revokeAccessTokens":
            self.tokens.revoked_before[user] = time.time()
            return web.Response(status=HTTPStatus.NO_CONTENT)
        body = await request.json()
        return web.json_response(self.issue(user, body["scopes"], body))

    def issue(
        self, user: str, scopes: list[str], options: dict[str, Any]
    ) -> dict[str, str]:
        minutes = options.get("expiresInMinutes") or 1440
        token, expires_on = self.tokens.issue(user, scopes, minutes)
        return {"token": token, "expiresOn": expires_on}

    async def delete_identity(self, request: web.Request) -> web.Response:
        self.world.identities.discard(request.match_info["user"])
        return web.Response(status=HTTPStatus.NO_CONTENT)
