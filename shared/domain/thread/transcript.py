"""The transcript: all that is known of one thread, for every format to write."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from shared.domain.log.event import Kind
from shared.domain.thread.attachment import MORE_NAMED, Attachment
from shared.domain.thread.baseline import Baseline
from shared.domain.thread.listing import ListingOutcome, Visibility
from shared.domain.thread.message import CHECKED, Extra, Message, Outcome
from shared.domain.thread.receipts import Receipt
from shared.domain.thread.told_names import told_names
from shared.domain.words import plural


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
    unseen: int = 0
    """Messages that only a listing knows, and only as they were edited."""
    told: Collection[tuple[str, str]] = ()
    """Each raw id with each name that a message tells of it, in their order."""
    senders: Mapping[str, int] = field(default_factory=dict)
    """The number of everybody who wrote, as `Message.person` tells them apart."""
    months: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """By month (2026-11): the place of the first message, from 0, and its day."""

    @classmethod
    def of(cls, messages: Iterable[Message]) -> "Tally":
        """Return the counts of these messages."""
        outcomes = dict.fromkeys(map(str, Outcome), 0)
        baseline, erased, unseen = Baseline(), 0, 0
        told: dict[tuple[str, str], None] = {}
        senders: dict[str, int] = {}
        months: dict[str, tuple[int, str]] = {}
        for place, message in enumerate(messages):
            if day := message.created_on[:10]:
                months.setdefault(day[:7], (place, day))
            if not message.is_system:
                senders.setdefault(message.person, len(senders))
            outcomes[message.outcome] += 1
            baseline.add_message(message)
            erased += any(version.erased for version in message.versions)
            is_only_listed = message.outcome is Outcome.BACKFILLED
            unseen += is_only_listed and bool(message.edited_on)
            told.update(dict.fromkeys(told_names(message)))
        return cls(
            outcomes=outcomes,
            baseline=baseline,
            erased=erased,
            unseen=unseen,
            told=tuple(told),
            senders=senders,
            months=months,
        )


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
    revision: int = 0
    """Of the archive, the one that its newest lines came with; 0 for none."""

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
            and not self.tally.unseen
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
