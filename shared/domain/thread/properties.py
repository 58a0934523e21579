"""Properties of a thread: its topic, metadata and others, over time."""

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
from shared.domain.thread.listing import Listing
from shared.domain.thread.message import UNKNOWN
from shared.domain.thread.transcript import Change

METADATA_SINCE = "2025-03-15"
"""The first version of the service's interface that lists metadata of threads."""
THREAD_FIELDS = frozenset(
    (
        "threadId",
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
            metadata=metadata_of(event.data),
            extra=change_extra(event),
        )
        for event in sorted(events, key=lambda change: change.version)
        if is_property_change(event)
    )


def change_extra(event: ChatEvent) -> dict[str, Any]:
    """Return what has no place of its own in a thread event and its properties."""
    is_told = metadata_of(event.data) is not None
    placed = THREAD_FIELDS | {"metadata"} if is_told else THREAD_FIELDS
    extra = other_fields(event.data, placed)
    properties = event.data.get("properties")
    if isinstance(properties, dict) and (
        others := other_fields(properties, ("topic",))
    ):
        extra["properties"] = others
    return extra


def is_property_change(event: ChatEvent) -> bool:
    """Return whether an event sets properties; a creation sets the first ones."""
    if event.kind is Kind.THREAD_CREATED:
        is_told = told_topic(event) is not None or bool(metadata_of(event.data))
        return is_told or bool(change_extra(event))
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


def metadata_of(said: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the metadata of a thread or participant; None where nothing says any."""
    metadata = said.get("metadata")
    return metadata if isinstance(metadata, dict) else None


def current_metadata(
    listings: Sequence[Listing], changes: Sequence[Change]
) -> Mapping[str, Any]:
    """Return a thread's metadata as listed, else as events told it last.

    Older versions of the service's interface do not list it: what an older listing in
    a newer version showed counts where nothing else tells it.
    """
    listed = [listing for listing in listings[::-1] if listing.properties]
    if listed and listed[0].outcome.api_version >= METADATA_SINCE:
        return metadata_of(listed[0].properties) or {}
    told = [metadata_of(listed[0].properties)] if listed else []
    told += [change.metadata for change in changes[::-1]]
    told += [metadata_of(listing.properties) for listing in listed[1:]]
    return next((metadata for metadata in told if metadata is not None), {})


def retention_policy(listings: Sequence[Listing]) -> Mapping[str, Any]:
    """Return the policy that was listed last; empty where none was."""
    policies = (listing.properties.get("retentionPolicy") for listing in listings[::-1])
    return next((policy for policy in policies if isinstance(policy, dict)), {})
