"""The state of an import into Teams: each chat and each message, as lines that add up.

A line says what is about to happen, or what has happened: applied in their order they
give the state, so an import that is killed goes on where it was.

Rule 1: that a message is sent is written before it is sent. So a message of which
        nothing else is known may have arrived, and is looked for before it is sent
        again.
Rule 2: a line that is written twice does no harm.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from shared.domain import json_line


class ChatStep(StrEnum):
    """How far a chat has come."""

    CREATING = "creating"
    CREATED = "created"
    STARTED = "started"
    COMPLETED = "completed"


class ImportStatus(StrEnum):
    """What becomes of a message: the guide's words; `sending` while nobody knows."""

    READY = "ready"
    SENDING = "sending"
    IMPORTED = "imported"
    ARCHIVED = "archived"
    EXCLUDED = "excluded"
    FAILED = "failed"


OPEN = (ImportStatus.READY, ImportStatus.SENDING, ImportStatus.FAILED)
"""What keeps a chat from being completed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLine:
    """A step of a thread's chat; `chat_id` is "" before it is known.

    `spoken_from` is since when people may speak in it: its first completion.
    """

    thread_id: str
    step: ChatStep
    chat_id: str = ""
    on: str
    spoken_from: str = ""

    @property
    def json(self) -> dict[str, Any]:
        return {
            "kind": "chat",
            "sourceThreadId": self.thread_id,
            "targetChatId": self.chat_id or None,
            "step": str(self.step),
            "on": self.on,
            "spokenFrom": self.spoken_from or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """A message of the source, with the fields of the guide's idempotency ledger.

    `original` is when it was said, `effective` its time in Teams. `author` is the raw
    id of who wrote it, `sent_as` the Entra id that it was sent with. `reason` says why
    it is not imported, `accepted_by` who accepted that a message which failed is not.
    """

    thread_id: str
    message_id: str
    status: ImportStatus
    chat_id: str = ""
    target_id: str = ""
    original: str = ""
    effective: str = ""
    attempts: int = 0
    last_error: str = ""
    reason: str = ""
    author: str = ""
    sent_as: str = ""
    version: str = ""
    pictures: int = 0
    accepted_by: str = ""

    @property
    def json(self) -> dict[str, Any]:
        return {
            "kind": "message",
            "sourceThreadId": self.thread_id,
            "sourceMessageId": self.message_id,
            "targetChatId": self.chat_id or None,
            "targetMessageId": self.target_id or None,
            "effectiveCreatedDateTime": self.effective or None,
            "status": str(self.status),
            "attempts": self.attempts,
            "lastError": self.last_error or None,
            "reason": self.reason or None,
            "sourceCreatedDateTime": self.original or None,
            "author": self.author,
            "targetUserId": self.sent_as or None,
            "version": self.version,
            "pictures": self.pictures,
            "acceptedBy": self.accepted_by or None,
        }


ImportLine = ChatLine | MessageLine


def line_of(value: Mapping[str, Any]) -> ImportLine:
    """Return the line in a JSON object.

    Raises:
        ValueError, KeyError, TypeError: it is not one that this product writes.

    """
    if value["kind"] == "chat":
        return ChatLine(
            thread_id=str(value["sourceThreadId"]),
            step=ChatStep(value["step"]),
            chat_id=str(value["targetChatId"] or ""),
            on=str(value["on"]),
            spoken_from=str(value.get("spokenFrom") or ""),
        )
    if value["kind"] != "message":
        raise ValueError("a line of an unknown kind")
    return MessageLine(
        thread_id=str(value["sourceThreadId"]),
        message_id=str(value["sourceMessageId"]),
        status=ImportStatus(value["status"]),
        chat_id=str(value["targetChatId"] or ""),
        target_id=str(value["targetMessageId"] or ""),
        original=str(value["sourceCreatedDateTime"] or ""),
        effective=str(value["effectiveCreatedDateTime"] or ""),
        attempts=int(value["attempts"]),
        last_error=str(value["lastError"] or ""),
        reason=str(value["reason"] or ""),
        author=str(value["author"]),
        sent_as=str(value.get("targetUserId") or ""),
        version=str(value["version"]),
        pictures=int(value["pictures"]),
        accepted_by=str(value["acceptedBy"] or ""),
    )


def encode_import(line: ImportLine) -> bytes:
    """Return a line of the state, with LF."""
    return json_line.encode(json_line.compact(line.json) + "\n")


@dataclass(slots=True)
class ImportedThread:
    """A thread on its way into a chat: its newest step, and its messages by id."""

    thread_id: str
    step: ChatStep | None = None
    chat_id: str = ""
    created_on: str = ""
    """When its chat was about to be created."""
    spoken_from: str = ""
    messages: dict[str, MessageLine] = field(default_factory=dict)

    @property
    def open(self) -> list[MessageLine]:
        """The messages that keep it from being completed."""
        return [line for line in self.messages.values() if line.status in OPEN]


@dataclass(slots=True)
class ImportState:
    """Everything that the lines of an import add up to."""

    threads: dict[str, ImportedThread] = field(default_factory=dict)
    unreadable: int = 0

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> "ImportState":
        """Read a state. A line that cannot be read is counted, never raised."""
        state = cls()
        for line in lines:
            if line.strip():
                try:
                    state.apply(line_of(json_line.parse(line)))
                except (ValueError, KeyError, TypeError):
                    state.unreadable += 1
        return state

    def thread(self, thread_id: str) -> ImportedThread:
        return self.threads.setdefault(thread_id, ImportedThread(thread_id))

    def apply(self, line: ImportLine) -> None:
        """Apply one line."""
        thread = self.thread(line.thread_id)
        if isinstance(line, MessageLine):
            thread.messages[line.message_id] = line
            return
        thread.step = line.step
        thread.chat_id = line.chat_id or thread.chat_id
        thread.spoken_from = thread.spoken_from or line.spoken_from
        if line.step is ChatStep.CREATING or not thread.created_on:
            thread.created_on = line.on

    def lines(self) -> Iterable[ImportLine]:
        """Yield the newest line of everything: the fewest that give this state."""
        for thread in self.threads.values():
            if thread.step is not None:
                yield ChatLine(
                    thread_id=thread.thread_id,
                    step=thread.step,
                    chat_id=thread.chat_id,
                    on=thread.created_on,
                    spoken_from=thread.spoken_from,
                )
            yield from thread.messages.values()


def failed(line: MessageLine, error: str) -> MessageLine:
    """Return a message whose last attempt failed for good."""
    return replace(line, status=ImportStatus.FAILED, last_error=error)
