"""The Event Grid events that ACS sends for a change, at both levels, in both schemas.

Fields have the forms of the documentation's samples: message versions are strings at
thread level and numbers at user level; user-level events go to everybody except the
actor, each with an envelope id of its own.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.chat_service.identifiers import identifier
from local.chat_service.model import Member, Message, Thread
from local.chat_service.wire import wire_ms

Sink = Callable[[dict[str, Any]], None]

TOPIC = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local"
    "/providers/Microsoft.Communication/communicationServices/local"
)
USER_TYPES = {
    "ChatMessageReceivedInThread": "ChatMessageReceived",
    "ChatMessageEditedInThread": "ChatMessageEdited",
    "ChatMessageDeletedInThread": "ChatMessageDeleted",
    "ChatThreadCreated": "ChatThreadCreatedWithUser",
    "ChatThreadPropertiesUpdated": "ChatThreadPropertiesUpdatedPerUser",
    "ChatThreadDeleted": "ChatThreadWithUserDeleted",
    "ChatThreadParticipantAdded": "ChatParticipantAddedToThreadWithUser",
    "ChatThreadParticipantRemoved": "ChatParticipantRemovedFromThreadWithUser",
}


@dataclass(slots=True)
class Publisher:
    """Builds the events of changes and passes them to `sink`.

    `levels` is a subset of {"thread", "user"}; `schema` is "eventgrid" or
    "cloudevents".
    """

    sink: Sink
    levels: frozenset[str]
    schema: str

    def publish(
        self,
        thread: Thread,
        name: str,
        subject: str,
        data: dict[str, Any],
        *,
        actor: str,
    ) -> None:
        data = data | {"threadId": thread.id, "transactionId": uuid.uuid4().hex}
        if "thread" in self.levels:
            self.sink(self.envelope(name, f"thread/{thread.id}/{subject}", data))
        if "user" not in self.levels:
            return
        for member in thread.present():
            if member.id == actor:
                continue
            mine = for_user(data) | {
                "recipientId": member.id,
                "recipientCommunicationIdentifier": identifier(member.id),
            }
            path = f"thread/{thread.id}/{subject}/recipient/{member.id}"
            self.sink(self.envelope(USER_TYPES[name], path, mine))

    def envelope(self, name: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat().replace("+00:00", "0Z")
        event = {"id": str(uuid.uuid4()), "subject": subject, "data": data}
        if self.schema == "cloudevents":
            return event | {
                "source": TOPIC,
                "type": f"Microsoft.Communication.{name}",
                "time": now,
                "specversion": "1.0",
            }
        return event | {
            "topic": TOPIC,
            "eventType": f"Microsoft.Communication.{name}",
            "eventTime": now,
            "dataVersion": "1.0",
            "metadataVersion": "1",
        }

    def message(self, thread: Thread, message: Message, what: str) -> None:
        data: dict[str, Any] = {
            "messageId": message.id,
            "type": {"text": "Text", "html": "Html"}[message.type],
            "version": str(message.version),
            "senderDisplayName": message.sender_name,
            "senderCommunicationIdentifier": identifier(message.sender_id),
            "composeTime": wire_ms(message.created_ms, "+00:00"),
        }
        if what == "Deleted":
            data["deleteTime"] = wire_ms(message.deleted_ms, "+00:00")
        else:
            data["messageBody"] = message.content["message"]
            if message.metadata:
                data["metadata"] = {**message.metadata}
        if what == "Edited":
            data["editTime"] = wire_ms(message.edited_ms, "+00:00")
        self.publish(
            thread,
            f"ChatMessage{what}InThread",
            f"sender/{message.sender_id}",
            data,
            actor=message.sender_id,
        )

    def thread_created(self, thread: Thread) -> None:
        data = {
            "createdByCommunicationIdentifier": identifier(thread.created_by),
            "properties": {"topic": thread.topic},
            "participants": [person(member) for member in thread.present()],
            "createTime": wire_ms(thread.created_ms, "+00:00"),
            "version": thread.created_ms,
            **metadata_of(thread),
        }
        self.lifecycle(thread, "ChatThreadCreated", "createdBy", data)

    def thread_changed(self, thread: Thread, actor: str, version: int) -> None:
        data = {
            "editedByCommunicationIdentifier": identifier(actor),
            "editTime": wire_ms(version, "+00:00"),
            "properties": {"topic": thread.topic},
            "createTime": wire_ms(thread.created_ms, "+00:00"),
            "version": version,
            **metadata_of(thread),
        }
        self.lifecycle(thread, "ChatThreadPropertiesUpdated", "editedBy", data, actor)

    def thread_deleted(self, thread: Thread, actor: str) -> None:
        data = {
            "deletedByCommunicationIdentifier": identifier(actor),
            "deleteTime": wire_ms(thread.deleted_ms, "+00:00"),
            "createTime": wire_ms(thread.created_ms, "+00:00"),
            "version": thread.deleted_ms,
        }
        self.lifecycle(thread, "ChatThreadDeleted", "deletedBy", data, actor)

    def participant(
        self, thread: Thread, member: Member, verb: str, actor: str, version: int
    ) -> None:
        """Publish that a participant was `added` or `removed`, as `verb` says."""
        data = {
            "time": wire_ms(version, "+00:00"),
            f"{verb}ByCommunicationIdentifier": identifier(actor),
            f"participant{verb.title()}": person(member),
            "createTime": wire_ms(thread.created_ms, "+00:00"),
            "version": version,
        }
        name = f"ChatThreadParticipant{verb.title()}"
        self.publish(thread, name, f"participant{verb}/{member.id}", data, actor=actor)

    def lifecycle(
        self,
        thread: Thread,
        name: str,
        verb: str,
        data: dict[str, Any],
        actor: str = "",
    ) -> None:
        actor = actor or thread.created_by
        self.publish(thread, name, f"{verb}/{actor}", data, actor=actor)


def person(member: Member) -> dict[str, Any]:
    body: dict[str, Any] = {"participantCommunicationIdentifier": identifier(member.id)}
    if member.display_name:
        body["displayName"] = member.display_name
    return body | metadata_of(member)


def metadata_of(owner: Thread | Member) -> dict[str, Any]:
    return {"metadata": {**owner.metadata}} if owner.metadata else {}


def for_user(data: dict[str, Any]) -> dict[str, Any]:
    """Return the same facts in the form of user-level events."""
    mine: dict[str, Any] = {
        key: f"{value[:-6]}Z"
        if key.endswith(("Time", "time")) and str(value).endswith("+00:00")
        else value
        for key, value in data.items()
    }
    mine["version"] = int(data["version"])
    if "senderCommunicationIdentifier" in data:
        mine["senderId"] = data["senderCommunicationIdentifier"]["rawId"]
    return mine
