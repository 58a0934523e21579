"""Decisions: what of an inventory somebody has accepted as it is, and why.

Nobody can act on a thread whose people are all gone, and a report should not be
incomplete for ever because of it. Who accepts that says so, and it is kept as evidence.

Rule: a decision is about how something stood. While it stands otherwise, that decides
      nothing; who does not want it back once it stands so again withdraws it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.usecases.evidence.archive_input import ArchiveInput
from shared.usecases.evidence.read_input import KeptValue, ReadInput

DECISIONS = "decisions"
"""The kind of archive-level input that they are."""


class About(StrEnum):
    """What a decision is about."""

    THREAD = "thread"
    USER = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Somebody accepts that a thread or a user stands as it does, or takes that back.

    `status` is how it stood then; `on` is when the decision was kept, "" before.
    """

    about: About
    id: str
    status: str
    reason: str
    by: str
    is_withdrawn: bool = False
    on: str = ""

    @property
    def value(self) -> dict[str, Any]:
        """What its line says."""
        return {
            "people": [self.id] if self.about is About.USER else [],
            "decision": "withdrawn" if self.is_withdrawn else "accepted",
            "about": str(self.about),
            "id": self.id,
            "status": self.status,
            "reason": self.reason,
            "by": self.by,
        }

    @property
    def text(self) -> str:
        return f"accepted on {self.on[:10]} by {self.by}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions in force, by what they are about."""

    by_id: Mapping[tuple[About, str], Decision] = field(default_factory=dict)

    def of(self, about: About, id_: str, status: str) -> Decision | None:
        """Return the decision that covers how something stands; None for none."""
        found = self.by_id.get((about, id_))
        return found if found and found.status == status else None

    def of_thread(self, thread_id: str, status: str) -> Decision | None:
        return self.of(About.THREAD, thread_id, status)

    def of_user(self, user_id: str, status: str) -> Decision | None:
        return self.of(About.USER, user_id, status)


NO_DECISIONS = Decisions()


def decisions_in(there: ReadInput) -> Decisions:
    """Return the decisions in force: the newest about each thing."""
    found: dict[tuple[About, str], Decision] = {}
    for kept in there.values(DECISIONS):
        decision = decision_of(kept)
        if decision is None:
            continue
        if decision.is_withdrawn:
            found.pop((decision.about, decision.id), None)
        else:
            found[decision.about, decision.id] = decision
    return Decisions(found)


def decision_of(kept: KeptValue) -> Decision | None:
    """Return the decision that a line says; None for another writer's."""
    said = kept.value
    try:
        return Decision(
            about=About(said["about"]),
            id=str(said["id"]),
            status=str(said["status"]),
            reason=str(said["reason"]),
            by=str(said["by"]),
            is_withdrawn={"accepted": False, "withdrawn": True}[said["decision"]],
            on=kept.kept_on,
        )
    except (ValueError, KeyError, TypeError):
        return None


async def keep_decisions(kept: ArchiveInput, decisions: Iterable[Decision]) -> None:
    """Keep decisions.

    Raises:
        IntegrityError: what is there cannot be read.
        Immutable: an erasure waits that the storage forbids.
        Transient: they may be there all the same; or another process writes.

    """
    await kept.add(DECISIONS, [decision.value for decision in decisions])
