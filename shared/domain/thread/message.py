"""A message: all its known versions, and what log and listing prove of it together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.domain.log.event import Kind

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
    type: str = ""
    """The message's type then: an edit may make html of a text."""
    sender_name: str = ""
    """What the sender was called then."""
    erased: bool = False
    extra: Extra = field(default_factory=dict)
    listed: Mapping[str, Any] = field(default_factory=dict)
    """What the newest listing that does tells otherwise of this version, by field."""

    @property
    def is_known(self) -> bool:
        """Whether its content is, or was, known."""
        return self.content is not None or self.erased

    @property
    def is_html(self) -> bool:
        return self.type == "html" or self.type.lower().startswith("richtext/")


SPOKEN_TYPES = frozenset(("text", "html"))
SYSTEM_TYPES = frozenset(("topicUpdated", "participantAdded", "participantRemoved"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message with all its known versions, oldest first.

    `sender_name` is what its sender was called when it was sent. `type` is that of the
    newest version, and the service's: text, html, topicUpdated, participantAdded,
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
        return self.current.is_html

    @property
    def is_system(self) -> bool:
        """Whether the service said it: what has a text was written by people."""
        if self.type in SPOKEN_TYPES | SYSTEM_TYPES:
            return self.type in SYSTEM_TYPES
        contents = (version.content or {} for version in self.versions)
        return not any(isinstance(said.get("message"), str) for said in contents)

    @property
    def person(self) -> str:
        """What tells who wrote it from others: a raw id, or else the name told."""
        return self.sender_id or self.sender_name

    @property
    def content(self) -> Mapping[str, Any]:
        """The content that the thread shows now; empty for a deleted message."""
        return self.current.content or {}
