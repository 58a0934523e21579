"""Routes of a thread's participants."""

from http import HTTPStatus

from aiohttp import web

from local.chat_service.answers import forbidden, not_found, page, page_of, refuse
from local.chat_service.identifiers import read_identifier
from local.chat_service.model import Receipt
from local.chat_service.threads import Threads
from local.chat_service.wire import (
    initiated_by,
    member_json,
    read_member,
    receipt_json,
)

MOST_READERS = 20
"""A thread of more participants has no read receipts."""


class Participants(Threads):
    """List, add and remove participants; they type, and say what they have read."""

    __slots__ = ()

    async def list_participants(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        if not member.is_present:
            raise forbidden()
        people = thread.present()
        size, skip = page_of(request, len(people) or 1)
        items = [member_json(member) for member in people[skip : skip + size]]
        more = {"skip": skip + size} if skip + size < len(people) else None
        return self.answer(request, page(request, items, more))

    async def add_participants(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        requested = (await request.json())["participants"]
        people = [read_member(person) for person in requested]
        if not self.is_new(request):
            for joiner in people:
                joiner.metadata = {}
        message = self.tell_added(thread, people, member.id)
        for joiner in people:
            thread.members[joiner.id] = joiner
            self.publisher.participant(
                thread, joiner, "added", member.id, message.version
            )
        return web.json_response({}, status=HTTPStatus.CREATED)

    async def remove_participant(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        who = read_identifier(await request.json())
        leaving = thread.members.get(who)
        if leaving is None or not leaving.is_present:
            return refuse(HTTPStatus.NOT_FOUND, "NotFound")
        content = {"participants": [member_json(leaving)]} | initiated_by(member.id)
        message = self.world.add_message(thread, "participantRemoved", content)
        leaving.left_ms = message.version
        self.publisher.participant(
            thread, leaving, "removed", member.id, message.version
        )
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def accept(self, request: web.Request) -> web.Response:
        self.find(request)
        return web.Response(status=HTTPStatus.OK)

    async def send_receipt(self, request: web.Request) -> web.Response:
        """Note how far the caller has read; what was read already stays read."""
        thread, member = self.find(request)
        if not member.is_present:
            raise forbidden()
        message = thread.messages.get((await request.json())["chatMessageId"])
        if message is None:
            raise not_found()
        known = thread.receipts.get(member.id)
        if known is None or int(known.message_id) < message.created_ms:
            thread.receipts[member.id] = Receipt(message.id, self.world.tick())
        return web.Response(status=HTTPStatus.OK)

    async def list_receipts(self, request: web.Request) -> web.Response:
        """Return a page of receipts; who has left is refused, as for participants."""
        thread, member = self.find(request)
        if not member.is_present:
            raise forbidden()
        receipts = list(thread.receipts.items())
        if len(thread.present()) > MOST_READERS:
            receipts = []
        size, skip = page_of(request, len(receipts) or 1)
        items = [receipt_json(*receipt) for receipt in receipts[skip : skip + size]]
        more = {"skip": skip + size} if skip + size < len(receipts) else None
        return self.answer(request, page(request, items, more))
