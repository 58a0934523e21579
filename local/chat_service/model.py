"""Threads, members and messages as the service stores them.

An edit or a deletion gives a message a new version and a new sequence id; the old ones
are gone. A removed member still sees what was said before the removal.
"""

import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

SINCE_EVER = 0


@dataclass(slots=True)
class Member:
    id: str
    display_name: str = ""
    share_history_ms: int = SINCE_EVER
    left_ms: int = 0

    @property
    def is_present(self) -> bool:
        return not self.left_ms


@dataclass(slots=True, kw_only=True)
class Message:
    id: str
    type: str
    sequence_id: int
    version: int
    content: dict[str, Any]
    sender_id: str = ""
    sender_name: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    edited_ms: int = 0
    deleted_ms: int = 0

    @property
    def created_ms(self) -> int:
        return int(self.id)


@dataclass(slots=True, kw_only=True)
class Thread:
    id: str
    topic: str
    created_ms: int
    created_by: str
    members: dict[str, Member] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    last_sequence_id: int = 0
    deleted_ms: int = 0

    def present(self) -> list[Member]:
        return [member for member in self.members.values() if member.is_present]

    def visible_to(self, member: Member) -> list[Message]:
        """Return the messages that a member may see, newest change first."""
        return sorted(
            (
                message
                for message in self.messages.values()
                if message.created_ms >= member.share_history_ms
                and (member.is_present or message.created_ms <= member.left_ms)
            ),
            key=lambda message: -message.version,
        )


@dataclass(slots=True)
class World:
    """The service's whole state."""

    origin: str = ""
    """The service's base address, for the addresses that it returns."""
    resource_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    identities: set[str] = field(default_factory=set)
    threads: dict[str, Thread] = field(default_factory=dict)
    images: dict[str, bytes] = field(default_factory=dict)
    """Images sent from Teams, by the path from which they are fetched."""
    last_ms: int = 0

    def tick(self) -> int:
        """Return the time in epoch milliseconds, never the same twice."""
        self.last_ms = max(self.last_ms + 1, time.time_ns() // 1_000_000)
        return self.last_ms

    def new_identity(self) -> str:
        identity = f"8:acs:{self.resource_id}_{uuid.uuid4()}"
        self.identities.add(identity)
        return identity

    def create_thread(self, topic: str, created_by: str) -> Thread:
        thread = Thread(
            id=f"19:acsV1_{uuid.uuid4().hex}@thread.v2",
            topic=topic,
            created_ms=self.tick(),
            created_by=created_by,
        )
        self.threads[thread.id] = thread
        return thread

    def add_message(
        self,
        thread: Thread,
        type_: str,
        content: dict[str, Any],
        *,
        sender: Member | None = None,
        sender_name: str = "",
        metadata: dict[str, str] | None = None,
    ) -> Message:
        now = self.tick()
        thread.last_sequence_id += 1
        message = Message(
            id=str(now),
            type=type_,
            sequence_id=thread.last_sequence_id,
            version=now,
            content=content,
            sender_id=sender.id if sender else "",
            sender_name=sender_name,
            metadata=metadata or {},
        )
        thread.messages[message.id] = message
        return message

    def add_image(
        self, thread: Thread, sender: Member, name: str, data: bytes
    ) -> Message:
        """Add a message with an image, as sent from Teams."""
        image = uuid.uuid4().hex
        path = f"/chat/threads/{thread.id}/images/{image}"
        self.images[path] = data
        attachment = {"id": image, "attachmentType": "image", "name": name}
        attachment["url"] = f"{self.origin}{path}"
        content = {"message": f'<p><img id="{image}"></p>', "attachments": [attachment]}
        return self.add_message(
            thread, "html", content, sender=sender, sender_name=sender.display_name
        )

    def touch(self, thread: Thread, message: Message) -> int:
        """Set a new version and sequence id on a message; return the version."""
        thread.last_sequence_id += 1
        message.sequence_id = thread.last_sequence_id
        message.version = self.tick()
        return message.version


def wire_seconds(ms: int) -> str:
    """Return a time as listings write it: in whole seconds."""
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return moment.isoformat().replace("+00:00", "Z")


def wire_ms(ms: int, zone: str) -> str:
    """Return a time as events write it: with +00:00 at thread level, else with Z."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", zone)


def identifier(user_id: str) -> dict[str, Any]:
    return {"rawId": user_id, "communicationUser": {"id": user_id}}


def member_json(member: Member) -> dict[str, Any]:
    body: dict[str, Any] = {"communicationIdentifier": identifier(member.id)}
    if member.display_name:
        body["displayName"] = member.display_name
    body["shareHistoryTime"] = wire_seconds(member.share_history_ms)
    return body


def message_json(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": message.id,
        "type": message.type,
        "sequenceId": str(message.sequence_id),
        "version": str(message.version),
        "content": {"message": ""} if message.deleted_ms else message.content,
        "createdOn": wire_seconds(message.created_ms),
    }
    if message.sender_id:
        body["senderDisplayName"] = message.sender_name
        body["senderCommunicationIdentifier"] = identifier(message.sender_id)
    if message.deleted_ms:
        body["deletedOn"] = wire_seconds(message.deleted_ms)
        return body
    if message.edited_ms:
        body["editedOn"] = wire_seconds(message.edited_ms)
    if message.metadata:
        body["metadata"] = message.metadata
    return body


def thread_json(thread: Thread) -> dict[str, Any]:
    return {
        "id": thread.id,
        "topic": thread.topic,
        "createdOn": wire_seconds(thread.created_ms),
        "createdByCommunicationIdentifier": identifier(thread.created_by),
    }
