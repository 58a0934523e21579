"""Comparing what an event and a listed item tell of one version (P8).

Compared are: whether it is a deletion, type, sender (id and name), text, topic and
metadata. What one of them does not tell is no contradiction:

| event             | listed item       | result                                       |
|-------------------|-------------------|----------------------------------------------|
| `Text`            | `text`            | the same                                     |
| metadata absent   | metadata `{}`     | the same                                     |
| text `""`         | no text           | the same                                     |
| text `I owe 100`  | text `I owe 900`  | differ                                       |
| metadata `{a: 1}` | no metadata       | differ                                       |
| no sender         | a sender          | the same: the event does not say             |
| an edit, no body  | a text            | the same: the event does not say             |
| deleted           | a text            | differ                                       |
| erased            | a text            | the same: text and metadata are gone         |
"""

from typing import Any, NamedTuple, Self

from shared.domain.identity import raw_id
from shared.domain.log.event import Kind, text
from shared.domain.log.logged import LoggedEvent
from shared.domain.thread.listing import ListedMessage


class Claims(NamedTuple):
    """What one source claims of a version; None where it does not say."""

    deleted: bool
    type: str | None
    sender_id: str | None
    sender_name: str | None
    message: Any
    topic: Any
    metadata: Any

    @classmethod
    def by(cls, source: LoggedEvent | ListedMessage) -> Self:
        """Return what an event or a listed item tells."""
        if isinstance(source, LoggedEvent):
            return cls.by_event(source)
        return cls.by_item(source)

    @classmethod
    def by_event(cls, logged: LoggedEvent) -> Self:
        """Return what an event tells."""
        event, data = logged.event, logged.event.data
        return cls(
            deleted=event.kind is Kind.DELETED,
            type=message_type(text(data.get("type"))) or None,
            sender_id=raw_id(data.get("senderCommunicationIdentifier")) or None,
            sender_name=text(data.get("senderDisplayName")) or None,
            message=None if logged.is_erased else data.get("messageBody"),
            topic=None,
            metadata=None if logged.is_erased else data.get("metadata") or {},
        )

    @classmethod
    def by_item(cls, listed: ListedMessage) -> Self:
        """Return what a listed item tells."""
        item = listed.item
        content = item.get("content")
        content = content if isinstance(content, dict) else {}
        return cls(
            deleted=bool(item.get("deletedOn")),
            type=message_type(text(item.get("type"))) or None,
            sender_id=raw_id(item.get("senderCommunicationIdentifier")) or None,
            sender_name=text(item.get("senderDisplayName")) or None,
            message=None if listed.is_erased else content.get("message") or "",
            topic=None if listed.is_erased else content.get("topic"),
            metadata=None if listed.is_erased else item.get("metadata") or {},
        )


COMPARED = ("type", "sender_id", "sender_name", "message", "topic", "metadata")


def differences(told: Claims, listed: Claims) -> dict[str, Any]:
    """Return what a listed item tells otherwise, by field; empty where nothing."""
    if told.deleted and listed.deleted:
        return {}
    if told.deleted or listed.deleted:
        return {"deleted": listed.deleted} | ({} if listed.deleted else said(listed))
    if told == listed:
        return {}
    found: dict[str, Any] = {
        name: value
        for name in COMPARED
        if (value := getattr(listed, name)) is not None
        and (known := getattr(told, name)) is not None
        and value != known
    }
    if "sender_id" in found:  # somebody else's words are told with their name
        untold = (name for name in said(listed) if getattr(told, name) is None)
        found |= {name: getattr(listed, name) for name in untold}
    return found


def said(told: Claims) -> dict[str, Any]:
    """Return the content that a source tells, without what is empty."""
    names = ("message", "topic", "metadata")
    return {name: value for name in names if (value := getattr(told, name))}


def message_type(name: str) -> str:
    """Return a type's name as listings write it: events say `Text` for `text`."""
    lowered = name.lower()
    if lowered in ("text", "html"):
        return lowered
    return "html" if lowered == "richtext/html" else name
