"""Messages: each is built from what log and listings hold of it, and nothing else.

The path of a message: records of the log and listed items → versions → message.

Rule 1: a message is the sequence of its versions by number, then kind; envelope times
        and order of arrival decide nothing.
Rule 2: listings are applied oldest first. A listed item joins the version of the same
        number, or becomes a version of its own.
Rule 3: messages sort by (int(id), id), never by `createdOn`, which has whole seconds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from shared.domain.identity import raw_id
from shared.domain.log.event import ChatEvent, Kind, parse_version, text
from shared.domain.log.logged import Logged, LoggedEvent, unique_events
from shared.domain.thread.listing import ListedMessage, Listing
from shared.domain.thread.message import Message, Version
from shared.domain.thread.passes import Passes
from shared.domain.thread.reconcile import ThreadChanges, is_confirmed, reconcile
from shared.domain.thread.versions import VersionBuilder, item_kind, order
from shared.domain.times import normalise_time

Positions = Mapping[str, int | tuple[int, ...]]
"""Where each message occurs in a sequence. Most occur once, as a plain number: a tuple
would cost memory."""


def positions_of(message_ids: Sequence[str]) -> Positions:
    """Return the positions of each message in a sequence of ids."""
    positions: dict[str, int | tuple[int, ...]] = {}
    for at, message_id in enumerate(message_ids):
        if message_id in positions:
            positions[message_id] = (*positions_in(positions, message_id), at)
        elif message_id:
            positions[message_id] = at
    return positions


def positions_in(positions: Positions, message_id: str) -> tuple[int, ...]:
    """Return all positions of one message."""
    at = positions.get(message_id, ())
    return (at,) if isinstance(at, int) else at


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReplay:
    """Builds the messages of a thread, one after the other.

    A message depends only on what log and listings hold of it. So of a long thread
    nothing but the position of each message is held while its messages are built.
    """

    log: Logged
    listings: Sequence[Listing]
    passes: Passes
    changes: ThreadChanges

    def messages(self, on_event: Callable[[LoggedEvent], None]) -> Iterator[Message]:
        """Yield each message in order; call `on_event` with every event."""
        logged = positions_of(self.log.message_ids)
        listed = [positions_of(listing.message_ids) for listing in self.listings]
        ids = dict.fromkeys(chain(logged, *listed))
        for message_id in sorted(ids, key=message_order):
            builder = MessageBuilder(message_id)
            for event in unique_events(
                self.log.records[at] for at in positions_in(logged, message_id)
            ):
                on_event(event)
                builder.add_event(event)
            for listing, positions in zip(self.listings, listed, strict=True):
                for at in positions_in(positions, message_id):
                    builder.add_item(listing.messages[at])
            yield self.finish(builder)

    def finish(self, builder: "MessageBuilder") -> Message:
        event, item = builder.first_event, builder.newest_item
        data: Mapping[str, Any] = event.data if event else {}
        sequence_id = text(item.get("sequenceId"))
        type_ = builder.newest_type
        versions = builder.build_versions(sequence_id, type_)
        created_on = (
            normalise_time(data.get("composeTime"))
            or normalise_time(item.get("createdOn"))
            or ""
        )
        sender = sender_of(data) or sender_of(item)
        is_shown, by = self.passes.about(builder.id, last_logged(versions))
        return Message(
            id=builder.id,
            type=type_,
            sender_id=raw_id(sender),
            sender_name=text(data.get("senderDisplayName"))
            or text(item.get("senderDisplayName")),
            sender=sender,
            sequence_id=sequence_id,
            created_on=created_on,
            edited_on=last_time(versions, Kind.EDITED),
            deleted_on=last_time(versions, Kind.DELETED),
            versions=versions,
            outcome=reconcile(
                versions,
                created_on=created_on,
                is_shown=is_shown,
                by=by,
                confirmed=is_confirmed(item, self.changes),
            ),
        )


@dataclass(slots=True)
class MessageBuilder:
    """A message while its versions are being gathered."""

    id: str
    versions: dict[tuple[int, Kind], VersionBuilder] = field(default_factory=dict)
    first_event: ChatEvent | None = None
    newest_item: Mapping[str, Any] = field(default_factory=dict)
    """The listed item with the highest version, from any listing."""

    def add_event(self, logged: LoggedEvent) -> None:
        """Add the version that an event reports."""
        event = logged.event
        key = (event.version, event.kind)
        self.versions[key] = VersionBuilder.from_event(logged)
        first = self.first_event
        if first is None or order(key) < order((first.version, first.kind)):
            self.first_event = event

    def add_item(self, listed: ListedMessage) -> None:
        """Add a listed item to the version of its number, or as a new version."""
        item = listed.item
        number = parse_version(item.get("version")) or 0
        if number >= (parse_version(self.newest_item.get("version")) or 0):
            self.newest_item = item
        same_number = [key for key in self.versions if key[0] == number]
        if same_number:
            self.versions[max(same_number, key=order)].add_item(listed)
            return
        kind = item_kind(item)
        self.versions[number, kind] = VersionBuilder.from_item(listed, kind)

    @property
    def newest_type(self) -> str:
        """The type that the newest version tells; "" where none tells any."""
        newest_first = sorted(self.versions, key=order, reverse=True)
        types = (self.versions[key].type for key in newest_first)
        return next(filter(None, types), "")

    def build_versions(self, sequence_id: str, type_: str) -> tuple[Version, ...]:
        """Return the versions, oldest first; `type_` is of those that tell none."""
        return tuple(
            self.versions[key].build(*key, sequence_id, type_)
            for key in sorted(self.versions, key=order)
        )


def sender_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sender's identifier as received; empty where it has no raw id."""
    sender = data.get("senderCommunicationIdentifier")
    return dict(sender) if isinstance(sender, dict) and raw_id(sender) else {}


def message_order(message_id: str) -> tuple[int, str]:
    """Return a sort key: ids as numbers, and what is not a number last."""
    number = parse_version(message_id)
    return (1 << 200 if number is None else number), message_id


def last_logged(versions: Sequence[Version]) -> str:
    """Return the time of the newest version that an event reports; "" for none."""
    return next(
        (version.on for version in reversed(versions) if "event" in version.sources), ""
    )


def last_time(versions: Sequence[Version], kind: Kind) -> str:
    return next(
        (version.on for version in reversed(versions) if version.kind is kind), ""
    )
