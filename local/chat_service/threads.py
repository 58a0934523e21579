"""Routes of threads."""

from http import HTTPStatus

from aiohttp import web

from local.chat_service.answers import forbidden, page, page_of
from local.chat_service.model import Member, Message, Thread
from local.chat_service.service import USER, Service
from local.chat_service.wire import (
    initiated_by,
    member_json,
    read_member,
    thread_item,
    thread_json,
)

MOST_THREADS = 200


class Threads(Service):
    """Create, list, change and delete threads."""

    __slots__ = ()

    async def create_thread(self, request: web.Request) -> web.Response:
        requested = await request.json()
        creator = request[USER]
        thread = self.world.create_thread(requested["topic"], creator)
        people = [read_member(person) for person in requested.get("participants") or ()]
        if creator not in {member.id for member in people}:
            people.append(Member(creator))
        if self.is_new(request):
            thread.set(requested)
        else:  # it ignores fields that it does not know
            for member in people:
                member.metadata = {}
        thread.members = {member.id: member for member in people}
        self.tell_added(thread, people, creator)
        self.tell_topic(thread, creator)
        self.publisher.thread_created(thread)
        body = {"chatThread": thread_json(thread)}
        return self.answer(request, body, HTTPStatus.CREATED)

    def tell_added(self, thread: Thread, people: list[Member], by: str) -> Message:
        content = {"participants": [member_json(member) for member in people]}
        return self.world.add_message(
            thread, "participantAdded", content | initiated_by(by)
        )

    def tell_topic(self, thread: Thread, by: str) -> Message:
        content = {"topic": thread.topic} | initiated_by(by)
        return self.world.add_message(thread, "topicUpdated", content)

    async def list_threads(self, request: web.Request) -> web.Response:
        mine = [
            thread
            for thread in self.world.threads.values()
            if request[USER] in thread.members
            and (self.variant.lists_deleted or not thread.deleted_ms)
        ]
        mine.sort(key=lambda thread: -thread.created_ms)
        size, skip = page_of(request, MOST_THREADS)
        items = [
            self.variant.item(thread_item(thread))
            for thread in mine[skip : skip + size]
        ]
        more = {"skip": skip + size} if skip + size < len(mine) else None
        return self.answer(request, page(request, items, more))

    async def get_thread(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        if not member.is_present:
            raise forbidden()
        return self.answer(request, thread_json(thread))

    async def update_thread(self, request: web.Request) -> web.Response:
        """Change a thread; only a new topic is told in the thread itself.

        Whether the real service says more than that there, no source says.
        """
        thread, member = self.find(request)
        requested = await request.json()
        if self.is_new(request):
            thread.set(requested)
        if requested.get("topic") is None:
            version = self.world.tick()
        else:
            thread.topic = requested["topic"]
            version = self.tell_topic(thread, member.id).version
        self.publisher.thread_changed(thread, member.id, version)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def delete_thread(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        thread.deleted_ms = self.world.tick()
        self.publisher.thread_deleted(thread, member.id)
        return web.Response(status=HTTPStatus.NO_CONTENT)
