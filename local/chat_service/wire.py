"""Threads, members and messages as answers and events write them.

Answers go through `Variant.form`, which knows what the API versions differ in.
"""

from datetime import UTC, datetime
from typing import Any

from local.chat_service.identifiers import identifier, read_identifier
from local.chat_service.model import Member, Message, Receipt, Thread


def wire_seconds(ms: int) -> str:
    """Return a time as listings write it: in whole seconds."""
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return moment.isoformat().replace("+00:00", "Z")


def wire_ms(ms: int, zone: str) -> str:
    """Return a time as events write it: with +00:00 at thread level, else with Z."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", zone)


def initiated_by(user: str) -> dict[str, Any]:
    return {"initiatorCommunicationIdentifier": identifier(user)}


def member_json(member: Member) -> dict[str, Any]:
    body: dict[str, Any] = {"communicationIdentifier": identifier(member.id)}
    if member.display_name:
        body["displayName"] = member.display_name
    body["shareHistoryTime"] = wire_seconds(member.share_history_ms)
    if member.metadata:
        body["metadata"] = {**member.metadata}
    return body


def read_member(body: dict[str, Any]) -> Member:
    since = body.get("shareHistoryTime")
    since_ms = int(datetime.fromisoformat(since).timestamp() * 1000) if since else 0
    return Member(
        id=read_identifier(body["communicationIdentifier"]),
        display_name=body.get("displayName") or "",
        share_history_ms=since_ms,
        metadata=body.get("metadata") or {},
    )


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
    body = {
        "id": thread.id,
        "topic": thread.topic,
        "createdOn": wire_seconds(thread.created_ms),
        "createdByCommunicationIdentifier": identifier(thread.created_by),
        "retentionPolicy": thread.retention_policy,
    }
    return body | ({"metadata": thread.metadata} if thread.metadata else {})


def thread_item(thread: Thread) -> dict[str, Any]:
    item: dict[str, Any] = {"id": thread.id}
    if thread.topic:
        item["topic"] = thread.topic
    if thread.deleted_ms:
        item["deletedOn"] = wire_seconds(thread.deleted_ms)
    sent = [
        message.created_ms for message in thread.messages.values() if message.sender_id
    ]
    if sent:
        item["lastMessageReceivedOn"] = wire_seconds(max(sent))
    return item


def receipt_json(member_id: str, receipt: Receipt) -> dict[str, Any]:
    return {
        "senderCommunicationIdentifier": identifier(member_id),
        "chatMessageId": receipt.message_id,
        "readOn": wire_seconds(receipt.read_ms),
    }
