"""Threads, members and messages as the service stores them.

An edit or a deletion gives a message a new version and a new sequence id; the old ones
are gone. A removed member still sees what was said before the removal.
"""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SINCE_EVER = 0
AMS_REFERENCES = "amsreferences"
"""Where a message's metadata name its images: a JSON array of ids, as a string."""


@dataclass(slots=True)
class Member:
    id: str
    display_name: str = ""
    share_history_ms: int = SINCE_EVER
    left_ms: int = 0
    metadata: dict[str, str] = field(default_factory=dict)

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


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far a member has read, and when that became known."""

    message_id: str
    read_ms: int


@dataclass(slots=True, kw_only=True)
class Thread:
    id: str
    topic: str
    created_ms: int
    created_by: str
    members: dict[str, Member] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    """How far each member has read, by member."""
    last_sequence_id: int = 0
    deleted_ms: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    retention_policy: dict[str, Any] = field(default_factory=lambda: {"kind": "none"})

    def set(self, requested: dict[str, Any]) -> None:
        """Set the metadata and the retention policy that a request has."""
        merge(self.metadata, requested.get("metadata") or {})
        self.retention_policy = (
            requested.get("retentionPolicy") or self.retention_policy
        )

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


def now_ms() -> int:
    """Return the time in epoch milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class World:
    """The service's whole state."""

    origin: str = ""
    """The service's base address, for the addresses that it returns."""
    resource_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    identities: set[str] = field(default_factory=set)
    threads: dict[str, Thread] = field(default_factory=dict)
    images: dict[str, bytes] = field(default_factory=dict)
    """Images by the path from which they are fetched: those of messages from Teams, and
    each view of those that were added to a thread."""
    last_ms: int = 0
    clock: Callable[[], int] = now_ms

    def tick(self) -> int:
        """Return the time in epoch milliseconds, never the same twice."""
        self.last_ms = max(self.last_ms + 1, self.clock())
        return self.last_ms

    def new_identity(self) -> str:
        identity = f"8:acs:{self.resource_id}_{uuid.uuid4()}"
        self.identities.add(identity)
        return identity

    def create_thread(
        self, topic: str, created_by: str, *, kind: str = "acsV1"
    ) -> Thread:
        thread = Thread(
            id=f"19:{kind}_{uuid.uuid4().hex}@thread.v2",
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

    def store_image(self, thread: Thread, data: bytes, small: bytes = b"") -> str:
        """Add an image to a plain ACS thread; return its id.

        `small` is what the service makes of it as a preview; the image itself if empty.
        """
        image = f"0-local-d1-{uuid.uuid4().hex}"
        views = f"/chat/threads/{thread.id}/images/{image}/views"
        self.images[f"{views}/original"] = data
        self.images[f"{views}/small"] = small or data
        return image

    def add_acs_image(
        self, thread: Thread, sender: Member, name: str, data: bytes, small: bytes = b""
    ) -> Message:
        """Add a message with an image of plain ACS chat.

        Unlike one from Teams it has no attachment: its metadata name the image, and its
        html shows where it belongs.
        """
        image = self.store_image(thread, data, small)
        return self.add_message(
            thread,
            "html",
            {"message": f'<p><img id="{image}" alt="{name}"></p>'},
            sender=sender,
            sender_name=sender.display_name,
            metadata={AMS_REFERENCES: json.dumps([image])},
        )

    def touch(self, thread: Thread, message: Message) -> int:
        """Set a new version and sequence id on a message; return the version."""
        thread.last_sequence_id += 1
        message.sequence_id = thread.last_sequence_id
        message.version = self.tick()
        return message.version


def merge(metadata: dict[str, str], changes: dict[str, str | None]) -> None:
    """Change metadata as PATCH does: an empty value removes its key."""
    for key, value in changes.items():
        if value:
            metadata[key] = value
        else:
            metadata.pop(key, None)
