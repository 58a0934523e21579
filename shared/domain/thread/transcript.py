"""The transcript: all that is known of one thread, for every format to write."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from shared.domain.log.event import Kind
from shared.domain.thread.attachment import MORE_NAMED, Attachment
from shared.domain.thread.baseline import Baseline
from shared.domain.thread.listing import ListingOutcome, Visibility
from shared.domain.thread.receipts import Receipt
from shared.domain.words import plural

UNKNOWN = "unknown"
"""Who did something, where no source says: stated, never assumed."""

Extra = Mapping[str, Any]
"""Fields without a place of their own, as received."""


class Outcome(StrEnum):
    """The result of reconciling log and listing for one message."""

    MATCHED = "matched"
    DIFFERS = "differs"
    BACKFILLED = "backfilled"
    VERSION_GAP = "version_gap"
    MISSING_AT_RECHECK = "missing_at_recheck"
    DELETED_WITHOUT_CONTENT = "deleted_without_content"
    UNVERIFIABLE = "unverifiable"


CHECKED = (Outcome.MATCHED, Outcome.BACKFILLED)
"""The outcomes that count as success: the content is known, and the service agrees."""


class GapKind(StrEnum):
    """Where something may be missing."""

    LOG = "log"
    LISTING = "listing"
    RECORDS = "records"
    ATTACHMENTS = "attachments"
    SELECTION = "selection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that may be missing, and why. Times are "" where they are not known."""

    kind: GapKind
    since: str
    until: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of a message. `number` is epoch milliseconds of the change.

    `by` is the raw id of who made the change, or `UNKNOWN`. `content` is None if it was
    never received, for a deletion, and if it was erased. `sources` says who has this
    version: the log (`event`), the service (`listing`), or both. `lines` are the lines
    of the input that tell it, as `file:number`; `commitment` is that of the one that
    says most, and stays after an erasure.
    """

    number: int
    kind: Kind
    on: str
    by: str
    content: Mapping[str, Any] | None
    commitment: str
    lines: tuple[str, ...]
    sources: tuple[str, ...]
    erased: bool = False
    extra: Extra = field(default_factory=dict)
    listed: Mapping[str, Any] = field(default_factory=dict)
    """What the newest listing that does tells otherwise of this version, by field."""

    @property
    def is_known(self) -> bool:
        """Whether its content is, or was, known."""
        return self.content is not None or self.erased


SPOKEN_TYPES = frozenset(("text", "html"))
SYSTEM_TYPES = frozenset(("topicUpdated", "participantAdded", "participantRemoved"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message with all its known versions, oldest first.

    `type` is the service's: text, html, topicUpdated, participantAdded,
    participantRemoved, or one not known yet. Times are "" where there are none.
    """

    id: str
    type: str
    sender_id: str
    sender_name: str
    sender: Mapping[str, Any]
    """The sender's identifier as received."""
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
    def is_edited(self) -> bool:
        """Whether an edit is known, with or without a readable time."""
        return any(version.kind is Kind.EDITED for version in self.versions)

    @property
    def listed(self) -> Mapping[str, Any]:
        """What a listing tells otherwise, of the newest version where it does."""
        return next(
            (each.listed for each in reversed(self.versions) if each.listed), {}
        )

    @property
    def is_deleted(self) -> bool:
        """Whether a deletion is known, with or without a readable time."""
        return any(version.kind is Kind.DELETED for version in self.versions)

    @property
    def is_html(self) -> bool:
        return self.type == "html" or self.type.lower().startswith("richtext/")

    @property
    def is_system(self) -> bool:
        """Whether the service said it: what has a text was written by people."""
        if self.type in SPOKEN_TYPES | SYSTEM_TYPES:
            return self.type in SYSTEM_TYPES
        contents = (version.content or {} for version in self.versions)
        return not any(isinstance(said.get("message"), str) for said in contents)

    @property
    def content(self) -> Mapping[str, Any]:
        """The content that the thread shows now; empty for a deleted message."""
        return self.current.content or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that happened to the thread or to a participant.

    `topic` is what the topic became; None where the change left it as it was, or where
    it was erased. `metadata` is what the thread's became; None where it says nothing.
    """

    kind: Kind
    on: str
    by: str
    topic: str | None = None
    erased: bool = False
    metadata: Mapping[str, Any] | None = None
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody who is or was in the thread.

    `present` is None if no listing shows the participants. `share_history_time` is from
    when on they may see the thread; "" if no listing says so.
    """

    id: str
    display_name: str
    identifier: Mapping[str, Any] = field(default_factory=dict)
    present: bool | None
    share_history_time: str
    history: tuple[Change, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCounts:
    """Counts of the log's records.

    `duplicates` repeat a known event. `late` ones happened before a revision that was
    written without them, and came after it. `quarantined` is input that names this
    thread and could not be read.
    """

    total: int
    duplicates: int
    unreadable: int
    late: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """All counts of the messages, made in one pass."""

    outcomes: Mapping[str, int]
    baseline: Baseline
    erased: int = 0
    """Messages of which something was erased."""

    @classmethod
    def of(cls, messages: Iterable[Message]) -> "Tally":
        """Return the counts of these messages."""
        outcomes = dict.fromkeys(map(str, Outcome), 0)
        baseline, erased = Baseline(), 0
        for message in messages:
            outcomes[message.outcome] += 1
            baseline.add_message(message)
            erased += any(version.erased for version in message.versions)
        return cls(outcomes=outcomes, baseline=baseline, erased=erased)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """One thread according to log and listings; times are "" if they are not known."""

    thread_id: str
    topic: str
    created_on: str
    created_by: str
    deleted_on: str
    deleted_by: str
    topics: tuple[Change, ...]
    participants: tuple[Participant, ...]
    messages: Sequence[Message]
    """Sorted by id. Those of a long thread are decompressed whenever they are read."""
    tally: Tally
    listing: ListingOutcome
    records: RecordCounts
    gaps: tuple[Gap, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    retention_policy: Mapping[str, Any] = field(default_factory=dict)
    """As the service tells it; empty where it does not."""
    receipts: tuple[Receipt, ...] = ()
    """Who had read up to where, by person and time."""
    attachments: tuple[Attachment, ...] = ()
    """Each file that a message names, in the order of messages."""
    extra: Extra = field(default_factory=dict)

    @property
    def outcomes(self) -> dict[str, int]:
        """The number of messages by outcome; every outcome is present."""
        return dict(self.tally.outcomes)

    @property
    def is_complete(self) -> bool:
        """Whether every message was checked, and nothing may be missing (P8).

        After a snapshot too, where the whole pass before it showed all: what keeps
        listings from doing so is a gap.
        """
        return (
            self.listing.visibility in (Visibility.FULL, Visibility.SNAPSHOT)
            and not self.gaps
            and not any(
                count
                for outcome, count in self.tally.outcomes.items()
                if outcome not in CHECKED
            )
        )

    def with_attachments(self, attachments: tuple[Attachment, ...]) -> "Transcript":
        """Return the same thread with its attachments, and a gap for those not held."""
        gaps = [gap for gap in self.gaps if gap.kind is not GapKind.ATTACHMENTS]
        missing = sum(not attachment.is_held for attachment in attachments)
        if missing:
            verb = "is" if missing == 1 else "are"
            total = plural(len(attachments), "attached file")
            reason = f"{missing} of {total} {verb} not held"
            if any(file.reason == MORE_NAMED for file in attachments):
                reason += f"; {MORE_NAMED}"
            gaps.append(
                Gap(kind=GapKind.ATTACHMENTS, since="", until="", reason=reason)
            )
        return replace(self, attachments=attachments, gaps=tuple(gaps))

    def with_messages(self, messages: Sequence[Message]) -> "Transcript":
        """Return the same thread with some of its messages only."""
        ids = {message.id for message in messages}
        return replace(
            self,
            messages=messages,
            tally=Tally.of(messages),
            receipts=tuple(read for read in self.receipts if read.message_id in ids),
            attachments=tuple(
                file for file in self.attachments if file.message_id in ids
            ),
        )
