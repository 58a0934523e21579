"""Legal holds: what may not be erased, and who said so. They stand in the ledger.

A release only ends a hold: it deletes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain import layout
from shared.domain.archive.ledger import LineKind, decode_line, encode_line
from shared.domain.errors import ArchiverError
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
class Holds:
    """Adds, releases and lists holds."""

    archive: ArchiveFiles
    ledger: AppendLog
    clock: Clock

    async def active(self) -> dict[str, Hold]:
        """Return the holds that were added and not released, by id.

        Raises:
            IntegrityError: the ledger cannot be read; then nothing may be erased.

        """
        holds: dict[str, Hold] = {}
        async for line in ledger_lines(self.archive):
            value = decode_line(line.text)
            if value["kind"] != LineKind.HOLD:
                continue
            if value["action"] == "add":
                holds[value["hold"]] = Hold(
                    id=value["hold"],
                    thread_id=value["thread_id"],
                    participant=value["participant"],
                    reason=value["reason"],
                    by=value["by"],
                    on=value["on"],
                )
            else:
                holds.pop(value["hold"], None)
        return holds

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
        hold = (await self.active()).get(hold_id)
        if hold is None:
            raise NoSuchHold(f"there is no active hold {hold_id}")
        facts = {"reason": reason, "by": by, "on": format_time(self.clock())}
        await self.append({"hold": hold_id, "action": "release", **facts})
        return hold

    async def append(self, facts: Mapping[str, str]) -> None:
        day = await open_day(self.archive, self.clock().date())
        line = encode_line(LineKind.HOLD, facts)
        await self.ledger.append(layout.ledger_stem(day), line)
