"""The REST contract: Identity (HMAC) and Chat (user tokens), as the SDKs call it."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web

from local.chat_service.delivery import Subscription
from local.chat_service.events import Publisher
from local.chat_service.misbehaviour import Misbehaviour
from local.chat_service.model import (
    Member,
    Message,
    Thread,
    World,
    identifier,
    member_json,
    message_json,
    thread_json,
    wire_seconds,
)
from local.chat_service.tokens import Tokens

MOST_MESSAGES = 200
MESSAGE_BYTES = 28 * 1024

USER = web.RequestKey("user", str)
"""The user who makes a request, once the token has been checked."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class ChatService:
    """Every route of the service."""

    world: World
    tokens: Tokens
    publisher: Publisher
    behaviour: Misbehaviour
    subscription: Subscription | None = None

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self.guard])
        thread = "/chat/threads/{thread}"
        message = f"{thread}/messages/{{message}}"
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
                web.get(f"{thread}/images/{{image}}", self.get_image),
                web.get(f"{thread}/participants", self.list_participants),
                web.post(f"{thread}/participants/:add", self.add_participants),
                web.post(f"{thread}/participants/:remove", self.remove_participant),
                web.post(f"{thread}/typing", self.accept),
                web.get(f"{thread}/readReceipts", self.list_nothing),
                web.post(f"{thread}/readReceipts", self.accept),
                web.get("/local/status", self.status),
                web.post("/local/flush", self.flush),
                web.put("/local/misbehaviour", self.misbehave),
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
        return await handler(request)

    # Identity

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

    # Threads

    async def create_thread(self, request: web.Request) -> web.Response:
        requested = await request.json()
        creator = request[USER]
        thread = self.world.create_thread(requested["topic"], creator)
        people = [read_member(person) for person in requested.get("participants") or ()]
        if creator not in {member.id for member in people}:
            people.append(Member(creator))
        thread.members = {member.id: member for member in people}
        self.tell_added(thread, people, creator)
        self.world.add_message(
            thread, "topicUpdated", {"topic": thread.topic} | initiated_by(creator)
        )
        self.publisher.thread_created(thread)
        body = {"chatThread": thread_json(thread)}
        return web.json_response(body, status=HTTPStatus.CREATED)

    def tell_added(self, thread: Thread, people: list[Member], by: str) -> Message:
        content = {"participants": [member_json(member) for member in people]}
        return self.world.add_message(
            thread, "participantAdded", content | initiated_by(by)
        )

    async def list_threads(self, request: web.Request) -> web.Response:
        mine = [
            thread
            for thread in self.world.threads.values()
            if request[USER] in thread.members and not thread.deleted_ms
        ]
        mine.sort(key=lambda thread: -thread.created_ms)
        size, skip = page_of(request, MOST_MESSAGES)
        return page(
            request,
            [thread_item(thread) for thread in mine[skip : skip + size]],
            {"skip": skip + size} if skip + size < len(mine) else None,
        )

    async def get_thread(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        if not member.is_present:
            raise forbidden()
        return web.json_response(thread_json(thread))

    async def update_thread(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        thread.topic = (await request.json())["topic"]
        message = self.world.add_message(
            thread, "topicUpdated", {"topic": thread.topic} | initiated_by(member.id)
        )
        self.publisher.thread_changed(thread, member.id, message.version)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def delete_thread(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        thread.deleted_ms = self.world.tick()
        self.publisher.thread_deleted(thread, member.id)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    # Messages

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
        return page(request, [message_json(message) for message in shown], more)

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
        return web.json_response(message_json(self.find_message(request, thread)))

    async def get_image(self, request: web.Request) -> web.Response:
        self.find(request)
        image = self.world.images.get(request.path)
        if image is None:
            raise not_found()
        return web.Response(body=image, content_type="image/png")

    async def edit_message(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        message = self.find_message(request, thread)
        body = await request.json()
        if message.sender_id != member.id:
            raise forbidden()
        if body.get("content") is not None:
            message.content = {"message": body["content"]}
        for key, value in (body.get("metadata") or {}).items():
            if value:
                message.metadata[key] = value
            else:
                message.metadata.pop(key, None)
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

    # Participants

    async def list_participants(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        if not member.is_present:
            raise forbidden()
        people = thread.present()
        size, skip = page_of(request, len(people) or 1)
        return page(
            request,
            [member_json(member) for member in people[skip : skip + size]],
            {"skip": skip + size} if skip + size < len(people) else None,
        )

    async def add_participants(self, request: web.Request) -> web.Response:
        thread, member = self.find(request)
        requested = (await request.json())["participants"]
        people = [read_member(person) for person in requested]
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

    async def list_nothing(self, request: web.Request) -> web.Response:
        self.find(request)
        return web.json_response({"value": []})

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

    def find(self, request: web.Request) -> tuple[Thread, Member]:
        """Return the requested thread and the member who requests it.

        Raises:
            HTTPForbidden, HTTPNotFound: as the service answers.

        """
        thread = self.world.threads.get(request.match_info["thread"])
        if thread is None or request[USER] not in thread.members:
            raise forbidden()
        if thread.deleted_ms:
            raise not_found()
        return thread, thread.members[request[USER]]

    def find_message(self, request: web.Request, thread: Thread) -> Message:
        message = thread.messages.get(request.match_info["message"])
        if message is None:
            raise not_found()
        return message


def read_identifier(value: dict[str, Any]) -> str:
    user = value.get("communicationUser") or {}
    return str(value.get("rawId") or user.get("id"))


def read_member(body: dict[str, Any]) -> Member:
    since = body.get("shareHistoryTime")
    since_ms = int(datetime.fromisoformat(since).timestamp() * 1000) if since else 0
    return Member(
        id=read_identifier(body["communicationIdentifier"]),
        display_name=body.get("displayName") or "",
        share_history_ms=since_ms,
    )


def initiated_by(user: str) -> dict[str, Any]:
    return {"initiatorCommunicationIdentifier": identifier(user)}


def thread_item(thread: Thread) -> dict[str, Any]:
    item: dict[str, Any] = {"id": thread.id, "topic": thread.topic}
    sent = [
        message.created_ms for message in thread.messages.values() if message.sender_id
    ]
    if sent:
        item["lastMessageReceivedOn"] = wire_seconds(max(sent))
    return item


def page_of(request: web.Request, most: int) -> tuple[int, int]:
    """Return the requested page size, within bounds, and how many items to skip."""
    size = int(request.query.get("maxPageSize", most))
    return max(1, min(size, most)), int(request.query.get("skip", 0))


def page(
    request: web.Request, value: list[Any], more: dict[str, Any] | None
) -> web.Response:
    body: dict[str, Any] = {"value": value}
    if more:
        query = {**request.query, **{k: str(v) for k, v in more.items()}}
        body["nextLink"] = str(request.url.with_query(query))
    return web.json_response(body)


def error_body(code: str) -> str:
    return json.dumps({"error": {"code": code, "message": f"local: {code}"}})


def refuse(
    status: HTTPStatus, code: str, headers: dict[str, str] | None = None
) -> web.Response:
    return web.Response(
        text=error_body(code),
        status=status,
        content_type="application/json",
        headers=headers,
    )


def forbidden() -> web.HTTPForbidden:
    return web.HTTPForbidden(
        text=error_body("Forbidden"), content_type="application/json"
    )


def not_found() -> web.HTTPNotFound:
    return web.HTTPNotFound(
        text=error_body("NotFound"), content_type="application/json"
    )
