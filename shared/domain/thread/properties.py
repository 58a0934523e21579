"""Properties of a thread: its topic and others, over time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.domain.log.event import (
    ChatEvent,
    ErasedText,
    Kind,
    actor,
    other_fields,
    time_of,
)
from shared.domain.thread.transcript import UNKNOWN, Change

THREAD_FIELDS = frozenset(
    (
        "threadId",
        "version",
        "createTime",
        "editTime",
        "deleteTime",
        "properties",
        "participants",
        "createdByCommunicationIdentifier",
        "editedByCommunicationIdentifier",
        "deletedByCommunicationIdentifier",
    )
)
"""The fields of a thread event that have a place of their own in the transcript."""


def topic_changes(events: Iterable[ChatEvent]) -> tuple[Change, ...]:
    """Return the changes of properties that events report, in their order."""
    return tuple(
        Change(
            kind=event.kind,
            on=time_of(event, "editTime") or time_of(event, "createTime"),
            by=actor(event) or UNKNOWN,
            topic=topic_of(event),
            erased=isinstance(told_topic(event), ErasedText),
            extra=change_extra(event),
        )
        for event in sorted(events, key=lambda change: change.version)
        if is_property_change(event)
    )


def change_extra(event: ChatEvent) -> dict[str, Any]:
    """Return what has no place of its own in a thread event and its properties."""
    extra = other_fields(event.data, THREAD_FIELDS)
    properties = event.data.get("properties")
    if isinstance(properties, dict) and (
        others := other_fields(properties, ("topic",))
    ):
        extra["properties"] = others
    return extra


def is_property_change(event: ChatEvent) -> bool:
    """Return whether an event sets properties; a creation sets the first ones."""
    if event.kind is Kind.THREAD_CREATED:
        return told_topic(event) is not None or bool(change_extra(event))
    return event.kind is Kind.THREAD_UPDATED


def topic_of(event: ChatEvent) -> str | None:
    """Return the topic that an event sets; None for none, or where it was erased."""
    topic = told_topic(event)
    return None if isinstance(topic, ErasedText) else topic


def told_topic(event: ChatEvent) -> str | None:
    properties = event.data.get("properties")
    topic = properties.get("topic") if isinstance(properties, dict) else None
    return topic if isinstance(topic, str) else None


def current_topic(properties: Mapping[str, Any], changes: Sequence[Change]) -> str:
    """Return the topic as listed, else as it was last set; "" where it was cleared."""
    if isinstance(properties.get("topic"), str):
        return str(properties["topic"])
    return next(
        (change.topic for change in changes[::-1] if change.topic is not None), ""
    )
