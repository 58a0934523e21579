"""Chats in migration, by the rules that Graph documents (api-reference v1.0).

What a rule is broken by is refused with the status and code that stand for it here;
the documents do not name every code.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

Body = dict[str, Any]
LONGEST_TOPIC = 250
LONGEST_BODY = 28 * 1024
FEWEST_MEMBERS = 2
USER = re.compile(r"/users(?:\('|/)([^/')]+)(?:'\))?$")
HOSTED = re.compile(r"\.\./hostedContents/([^/]+)/\$value")
MEMBER = "#microsoft.graph.aadUserConversationMember"


class Broken(Exception):
    """A rule is broken: status and code of the answer."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


def check(is_kept: object, code: str, status: int = 400) -> None:
    if not is_kept:
        raise Broken(status, code)


def milliseconds(text: object) -> int:
    """Return the epoch milliseconds of a time."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise Broken(400, "BadRequest") from None
    check(moment.tzinfo, "BadRequest")
    return round(moment.timestamp() * 1000)


def as_time(at: int) -> str:
    moment = datetime.fromtimestamp(at // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"


@dataclass(slots=True)
class Chat:
    """A chat; `messages` by their time, and `owner` the app whose session it is."""

    id: str
    topic: str
    members: list[str]
    created: int
    mode: str = ""
    owner: str = ""
    messages: dict[int, Body] = field(default_factory=dict)

    @property
    def json(self) -> Body:
        return {
            "id": self.id,
            "topic": self.topic or None,
            "chatType": "group",
            "createdDateTime": as_time(self.created),
            "migrationMode": self.mode or None,
            "members": [
                {"@odata.type": MEMBER, "userId": member, "roles": ["owner"]}
                for member in self.members
            ],
        }


@dataclass(slots=True)
class Graph:
    """All chats of a tenant. `now` returns its time in milliseconds."""

    chats: dict[str, Chat] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @staticmethod
    def now() -> int:
        return round(datetime.now(UTC).timestamp() * 1000)

    def chat(self, chat_id: str) -> Chat:
        if chat_id not in self.chats:
            raise Broken(404, "NotFound")
        return self.chats[chat_id]

    def create(self, body: Body) -> Body:
        """Create a group chat."""
        check(body.get("chatType") == "group", "BadRequest")
        topic = body.get("topic") or ""
        check(isinstance(topic, str) and len(topic) <= LONGEST_TOPIC, "BadRequest")
        check(":" not in topic, "BadRequest")
        members = []
        for member in body.get("members", ()):
            check(member.get("@odata.type") == MEMBER, "BadRequest")
            check(member.get("roles") in (["owner"], ["guest"]), "BadRequest")
            found = USER.search(str(member.get("user@odata.bind")))
            check(found, "BadRequest")
            members.append(found[1].lower() if found else "")
        check(len(members) >= FEWEST_MEMBERS, "BadRequest")
        check(len(set(members)) == len(members), "DuplicateMembers")
        now = self.now()
        chat = Chat(f"19:{next(self.numbers):032x}@thread.v2", topic, members, now)
        # The service says who was added, in a message without an author.
        chat.messages[now] = {
            "id": str(now),
            "createdDateTime": as_time(now),
            "messageType": "systemEventMessage",
            "from": None,
        }
        self.chats[chat.id] = chat
        return chat.json

    def start(self, chat_id: str, app: str, body: Body) -> None:
        """Start a migration."""
        chat = self.chat(chat_id)
        check(chat.mode != "inProgress" or chat.owner == app, "Forbidden", 403)
        check(chat.mode != "inProgress", "BadRequest")
        since = milliseconds(body.get("conversationCreationDateTime"))
        check(since < chat.created, "BadRequest")
        chat.created, chat.mode, chat.owner = since, "inProgress", app

    def post(self, chat_id: str, app: str, body: Body) -> Body:
        """Import a message."""
        chat = self.chat(chat_id)
        check(chat.mode == "inProgress" and chat.owner == app, "Forbidden", 403)
        at = milliseconds(body.get("createdDateTime"))
        check(chat.created < at <= self.now(), "BadRequest")
        user = (body.get("from") or {}).get("user") or {}
        check(
            user.get("id") and user.get("userIdentityType") == "aadUser", "BadRequest"
        )
        said = body.get("body") or {}
        content = said.get("content")
        check(said.get("contentType") in ("html", "text"), "BadRequest")
        check(isinstance(content, str), "BadRequest")
        check(len(str(content).encode()) <= LONGEST_BODY, "RequestEntityTooLarge", 413)
        hosted = {each.get("@microsoft.graph.temporaryId")
                  for each in body.get("hostedContents", ())}  # fmt: skip
        check(hosted == set(HOSTED.findall(str(content))), "BadRequest")
        check(at not in chat.messages, "Conflict", 409)
        message = {
            "id": f"{at}{next(self.numbers):06}",
            "createdDateTime": as_time(at),
            "messageType": "message",
            "from": {
                "user": {"id": user["id"], "displayName": user.get("displayName")}
            },
            "body": said,
            "hostedContents": len(hosted),
        }
        chat.messages[at] = message
        return message

    def complete(self, chat_id: str, app: str) -> None:
        """Complete a migration."""
        chat = self.chat(chat_id)
        check(chat.mode == "inProgress" and chat.owner == app, "Forbidden", 403)
        chat.mode = "completed"

    def messages(self, chat_id: str, before: str) -> list[Body]:
        """Return the messages of a chat, newest first; before a time, if given."""
        chat = self.chat(chat_id)
        limit = milliseconds(before) if before else None
        return [
            chat.messages[at]
            for at in sorted(chat.messages, reverse=True)
            if limit is None or at < limit
        ]
