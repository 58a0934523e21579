"""Legal holds: what may not be erased, and who said so. They stand in the ledger.

A release only ends a hold: it deletes nothing.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain import layout
from shared.domain.archive.ledger import (
    LineFacts,
    LineKind,
    decode_line,
    encode_line,
)
from shared.domain.errors import ArchiverError, IntegrityError
from shared.domain.json_line import canonical
from shared.domain.log.commitment import sha256
from shared.domain.times import format_time
from shared.ports.append_log import AppendLog
from shared.ports.archive_store import ArchiveFiles
from shared.ports.clock import Clock
from shared.usecases.evidence.ledger import ledger_lines, open_day

ID_DIGITS = 12


class NoSuchHold(ArchiverError):
    """There is no active hold of this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold on a thread or on a participant; the other one is ""."""

    id: str
    thread_id: str
    participant: str
    reason: str
    by: str
    on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveHolds:
    """The holds in force, by id, and the lines of the ledger that may be others."""

    holds: dict[str, Hold] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


def note(value: LineFacts, holds: dict[str, Hold]) -> None:
    """Bring the holds up to one more line of the ledger.

    Raises:
        KeyError, TypeError: a line about a hold is not of the form that it has here.

    """
    if value["kind"] != LineKind.HOLD:
        return
    if value["action"] != "add":
        holds.pop(value["hold"], None)
        return
    holds[value["hold"]] = Hold(
        id=value["hold"],
        thread_id=value["thread_id"],
        participant=value["participant"],
        reason=value["reason"],
        by=value["by"],
        on=value["on"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """Adds, releases and lists holds."""

    archive: ArchiveFiles
    ledger: AppendLog
    clock: Clock

    async def active(self) -> ActiveHolds:
        """Return the holds that were added and not released.

        Raises:
            Transient: the archive cannot be reached.

        """
        active = ActiveHolds()
        numbers = Counter[str]()
        try:
            async for line in ledger_lines(self.archive):
                numbers[line.path] += 1
                try:
                    note(decode_line(line.text), active.holds)
                except (IntegrityError, KeyError, TypeError):
                    active.unreadable.append(f"{line.path}, line {numbers[line.path]}")
        except IntegrityError as error:
            active.unreadable.append(str(error))
        return active

    async def add(
        self, *, thread_id: str = "", participant: str = "", reason: str, by: str
    ) -> Hold:
        """Add a hold; return it with its new id."""
        facts = {
            "thread_id": thread_id,
            "participant": participant,
            "reason": reason,
            "by": by,
            "on": format_time(self.clock()),
        }
        hold = Hold(id=sha256(canonical(facts))[:ID_DIGITS], **facts)
        await self.append({"hold": hold.id, "action": "add", **facts})
        return hold

    async def release(self, hold_id: str, *, reason: str, by: str) -> Hold:
        """End a hold; nothing is deleted.

        Raises:
            NoSuchHold: there is no active hold of this id.

        """
        hold = (await self.active()).holds.get(hold_id)
        if hold is None:
            raise NoSuchHold(f"there is no active hold {hold_id}")
        facts = {"reason": reason, "by": by, "on": format_time(self.clock())}
        await self.append({"hold": hold_id, "action": "release", **facts})
        return hold

    async def append(self, facts: Mapping[str, str]) -> None:
        day = await open_day(self.archive, self.clock().date())
        line = encode_line(LineKind.HOLD, facts)
        await self.ledger.append(layout.ledger_stem(day), line)
