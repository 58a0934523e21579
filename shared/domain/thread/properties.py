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
from shared.domain.times import as_moment

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
    """Return a thread's metadata as it was told last.

    A listing in a version of the interface that tells it tells also that there is none,
    and the newest listing knows better than any event. Where that one's version does
    not tell it, what is youngest counts: an older listing, or an event.
    """
    newest = next((each for each in listings[::-1] if each.properties), None)
    listed = listed_metadata(newest) if newest else None
    if listed is not None:
        return listed
    told = [
        *((listing.received_on, listed_metadata(listing)) for listing in listings),
        *((change.on, change.metadata) for change in changes),
    ]
    known = [(as_moment(on), metadata) for on, metadata in told if metadata is not None]
    # Of what is told at one time the last counts.
    return max(known[::-1], key=lambda each: each[0])[1] if known else {}


def listed_metadata(listing: Listing) -> Mapping[str, Any] | None:
    """Return a thread's metadata as a listing tells it; None where it tells none."""
    if not listing.properties:
        return None
    metadata = metadata_of(listing.properties)
    return {} if metadata is None and listing.tells_metadata else metadata


def retention_policy(listings: Sequence[Listing]) -> Mapping[str, Any]:
    """Return the policy as the newest listing tells it whose version can."""
    for listing in listings[::-1]:
        policy = listing.properties.get("retentionPolicy")
        if isinstance(policy, dict):
            return policy
        if listing.properties and listing.tells_metadata:
            break
    return {}
