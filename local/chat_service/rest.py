"""The REST contract: Identity (HMAC) and Chat (user tokens), as the SDKs call it."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from local.chat_service.answers import refuse, refuse_version
from local.chat_service.identities import Identities
from local.chat_service.images import Images
from local.chat_service.messages import Messages
from local.chat_service.misbehaviour import Misbehaviour
from local.chat_service.participants import Participants
from local.chat_service.service import USER, VERSION
from local.chat_service.variant import Variant

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ChatService(Identities, Participants, Messages, Images):
    """Every route of the service, and who may take it."""

    __slots__ = ()

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self.guard])
        thread = "/chat/threads/{thread}"
        message = f"{thread}/messages/{{message}}"
        image = f"{thread}/images/{{image}}"
        application.add_routes(
            [
                web.post("/identities", self.create_identity),
                web.post("/identities/{user}/{action}", self.identity_action),
                web.delete("/identities/{user}", self.delete_identity),
                web.post("/chat/threads", self.create_thread),
                web.get("/chat/threads", self.list_threads),
                web.get(thread, self.get_thread),
                web.patch(thread, self.update_thread),
                web.delete(thread, self.delete_thread),
                web.get(f"{thread}/messages", self.list_messages),
                web.post(f"{thread}/messages", self.send_message),
                web.get(message, self.get_message),
                web.patch(message, self.edit_message),
                web.delete(message, self.delete_message),
                web.post(f"{thread}/images", self.upload_image),
                web.get(image, self.get_image),
                web.get(f"{image}/views/{{view}}", self.get_view),
                web.get(f"{thread}/participants", self.list_participants),
                web.post(f"{thread}/participants/:add", self.add_participants),
                web.post(f"{thread}/participants/:remove", self.remove_participant),
                web.post(f"{thread}/typing", self.accept),
                web.get(f"{thread}/readReceipts", self.list_receipts),
                web.post(f"{thread}/readReceipts", self.send_receipt),
                web.get("/local/status", self.status),
                web.post("/local/flush", self.flush),
                web.put("/local/misbehaviour", self.misbehave),
                web.put("/local/variant", self.vary),
            ]
        )
        return application

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> Any:
        """Throttle and fail on demand; authenticate the caller."""
        if request.path.startswith("/local/"):
            return await handler(request)
        if self.behaviour.does("throttle"):
            wait = {"Retry-After": str(self.behaviour.retry_after)}
            return refuse(HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequests", wait)
        if self.behaviour.does("fail"):
            return refuse(HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable")
        headers = {key.lower(): value for key, value in request.headers.items()}
        if request.path.startswith("/identities"):
            body = await request.read()
            if not self.tokens.is_signed(
                request.method, request.raw_path, headers, body
            ):
                return refuse(HTTPStatus.UNAUTHORIZED, "Denied")
            return await handler(request)
        user = self.tokens.user_of(headers.get("authorization", ""))
        if user is None or user not in self.world.identities:
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        request[USER] = user
        version = self.version_of(request)
        if version not in self.variant.api_versions:
            return refuse_version(request)
        request[VERSION] = version
        return await handler(request)

    def version_of(self, request: web.Request) -> str | None:
        """Return the API version that a request asks for.

        An image is fetched from the address that its message gives, which has none.
        """
        is_image = "image" in request.match_info
        newest = max(self.variant.api_versions) if is_image else None
        return request.query.get("api-version", newest)

    # For people and tests on this machine

    async def status(self, request: web.Request) -> web.Response:
        counts = self.subscription.status() if self.subscription else {}
        return web.json_response(counts)

    async def flush(self, request: web.Request) -> web.Response:
        if self.subscription:
            await self.subscription.flush()
        return await self.status(request)

    async def misbehave(self, request: web.Request) -> web.Response:
        self.behaviour = Misbehaviour.from_json(await request.json())
        if self.subscription:
            self.subscription.behaviour = self.behaviour
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def vary(self, request: web.Request) -> web.Response:
        self.variant = Variant.from_json(await request.json())
        return web.Response(status=HTTPStatus.NO_CONTENT)
