"""The transcript: everything known of one thread, ready to be written in any format."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.domain.event import Kind
from shared.domain.listing import View


class Outcome(StrEnum):
    """What reconciling log and listing says of one message."""

    MATCHED = "matched"
    BACKFILLED = "backfilled"
    VERSION_GAP = "version_gap"
    MISSING_AT_RECHECK = "missing_at_recheck"
    DELETED_WITHOUT_CONTENT = "deleted_without_content"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of a message. `number` is epoch milliseconds of the change.

    `content` is None where nobody has told it to us, and for a deletion. `sources`
    says who knows this version: the log (`event`), the service (`listing`), or both.
    """

    number: int
    kind: Kind
    on: str
    content: Mapping[str, Any] | None
    salt: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message with all its known versions, oldest first.

    `type` is the service's: text, html, topicUpdated, participantAdded,
    participantRemoved, or one that is not known yet. Times are "" where there is none.
    """

    id: str
    type: str
    sender_id: str
    sender_name: str
    sequence_id: str
    created_on: str
    edited_on: str
    deleted_on: str
    versions: tuple[Version, ...]
    outcome: Outcome

    @property
    def current(self) -> Version:
        return self.versions[-1]

    @property
    def content(self) -> Mapping[str, Any]:
        """What stands in the thread now; empty for a deleted message."""
        return self.current.content or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that happened to the thread or to a participant."""

    kind: Kind
    on: str
    by: str
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody who takes or took part.

    `present` is None where no listing could tell. `share_history_time` is from when on
    they may see the thread, where a listing told it.
    """

    id: str
    display_name: str
    present: bool | None
    share_history_time: str
    history: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCounts:
    """What the log held: `duplicates` are records that tell a known event again."""

    total: int
    duplicates: int
    unreadable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """One thread as log and listings tell it; times are "" where nobody told one."""

    thread_id: str
    topic: str
    created_on: str
    created_by: str
    deleted_on: str
    deleted_by: str
    topics: tuple[Change, ...]
    participants: tuple[Participant, ...]
    messages: tuple[Message, ...]
    view: View
    records: RecordCounts

    @property
    def outcomes(self) -> dict[str, int]:
        """How many messages came to each outcome; every outcome is named."""
        counts = dict.fromkeys(map(str, Outcome), 0)
        for message in self.messages:
            counts[message.outcome] += 1
        return counts
