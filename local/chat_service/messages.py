"""Routes of messages."""

import json
from http import HTTPStatus

from aiohttp import web

from local.chat_service.answers import forbidden, page, page_of, refuse
from local.chat_service.model import merge
from local.chat_service.service import Service
from local.chat_service.wire import message_json

MOST_MESSAGES = 200
MESSAGE_BYTES = 28 * 1024


class Messages(Service):
    """Send, list, change and delete messages."""

    __slots__ = ()

    async def list_messages(self, request: web.Request) -> web.Response:
        """Return a page of messages, newest change first: an edit moves one up."""
        thread, member = self.find(request)
        size, _ = page_of(request, MOST_MESSAGES)
        state = request.query.get("syncState")
        before = json.loads(bytes.fromhex(state))["before"] if state else None
        visible = [
            message
            for message in thread.visible_to(member)
            if before is None or message.version < before
        ]
        shown = visible[:size]
        more = None
        if len(visible) > size:
            token = json.dumps({"before": shown[-1].version}).encode().hex()
            more = {"syncState": token, "startTime": "1/1/1970 12:00:00 AM +00:00"}
        items = [message_json(message) for message in shown]
        return self.answer(request, page(request, items, more))

    async def send_message(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        body = await request.json()
        if len(body["content"].encode()) > MESSAGE_BYTES:
            return refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "MessageTooLarge")
        message = self.world.add_message(
            thread,
            (body.get("type") or "text").lower(),
            {"message": body["content"]},
            sender=member,
            sender_name=body.get("senderDisplayName") or "",
            metadata=body.get("metadata"),
        )
        self.publisher.message(thread, message, "Received")
        return web.json_response({"id": message.id}, status=HTTPStatus.CREATED)

    async def get_message(self, request: web.Request) -> web.Response:
        thread, _ = self.find(request)
        return self.answer(request, message_json(self.find_message(request, thread)))

    async def edit_message(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        message = self.find_message(request, thread)
        body = await request.json()
        if message.sender_id != member.id:
            raise forbidden()
        if body.get("content") is not None:
            message.content = {"message": body["content"]}
        merge(message.metadata, body.get("metadata") or {})
        message.edited_ms = self.world.touch(thread, message)
        self.publisher.message(thread, message, "Edited")
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def delete_message(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        message = self.find_message(request, thread)
        if message.sender_id != member.id:
            raise forbidden()
        message.deleted_ms = self.world.touch(thread, message)
        self.publisher.message(thread, message, "Deleted")
        return web.Response(status=HTTPStatus.NO_CONTENT)
