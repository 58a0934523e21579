"""What all routes of the chat service have in common."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web

from local.chat_service.answers import forbidden, not_found
from local.chat_service.delivery import Subscription
from local.chat_service.events import Publisher
from local.chat_service.misbehaviour import Misbehaviour
from local.chat_service.model import Member, Message, Thread, World
from local.chat_service.tokens import Tokens
from local.chat_service.variant import NEW, Variant

USER = web.RequestKey("user", str)
"""The user who makes a request, once the token has been checked."""
VERSION = web.RequestKey("version", str)
"""The API version that a request asks for, once it is known to be one."""


@dataclass(slots=True)
class Service:
    """The state that routes act on."""

    world: World
    tokens: Tokens
    publisher: Publisher
    behaviour: Misbehaviour
    subscription: Subscription | None = None
    variant: Variant = field(default_factory=Variant)

    def answer(
        self,
        request: web.Request,
        body: dict[str, Any],
        status: HTTPStatus = HTTPStatus.OK,
    ) -> web.Response:
        """Return a body in the form of the request's API version."""
        formed = self.variant.form(body, request[VERSION])
        return web.json_response(formed, status=status)

    def is_new(self, request: web.Request) -> bool:
        """Return whether a request is one of the new version."""
        return request[VERSION] == NEW

    def find(self, request: web.Request) -> tuple[Thread, Member]:
        """Return the requested thread and the member who requests it.

        Raises:
            HTTPForbidden, HTTPNotFound: as the service answers.

        """
        thread = self.world.threads.get(request.match_info["thread"])
        if thread is None or request[USER] not in thread.members:
            raise forbidden()
        if thread.deleted_ms:  # no source says whether it is 404 or 403
            raise not_found()
        return thread, thread.members[request[USER]]

    def find_message(self, request: web.Request, thread: Thread) -> Message:
        message = thread.messages.get(request.match_info["message"])
        if message is None:
            raise not_found()
        return message
