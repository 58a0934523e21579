"""Chat logs of Azure Monitor, kept in the archive: proof of which threads there were.

Each row that names a user or a thread is a line. The first line of a file has its
digest, and names everybody in it: it goes with any of them, so that nobody can test a
guess at an erased row by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.evidence.canonical import LONGEST_STRING
from shared.usecases.evidence.archive_input import ArchiveInput

CHAT_LOGS = "chat-logs"
"""The kind of archive-level input that they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """A row as it was exported: who called, and about which thread; "" for none."""

    user_id: str
    thread_id: str
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLog:
    """An exported file of chat logs.

    `sha256` is of its bytes; `taken_on` is the day (UTC) of which the file is, by its
    system, or "" where nothing tells.
    """

    name: str
    sha256: str
    taken_on: str
    rows: Sequence[LogRow]

    @property
    def values(self) -> list[dict[str, Any]]:
        """What its lines say."""
        named = sorted({row.user_id for row in self.rows if row.user_id})
        head = {
            "people": [who for who in named if len(who) <= LONGEST_STRING],
            "file": self.name,
            "sha256": self.sha256,
            "taken_on": self.taken_on,
            "rows": len(self.rows),
        }
        return [head, *map(row_value, self.rows)]


def row_value(row: LogRow) -> dict[str, Any]:
    people = [row.user_id] if row.user_id else []
    return {"people": people, "thread": row.thread_id, "row": row.value}


async def keep_chat_log(kept: ArchiveInput, log: ChatLog) -> bool:
    """Keep a file, unless one of the same bytes is kept; return whether it was new.

    Raises:
        IntegrityError: what is there cannot be read.
        Immutable: an erasure waits that the storage forbids.
        Transient: it may be there all the same; or another process writes.

    """
    there = await kept.read(CHAT_LOGS)
    known = {each.value.get("sha256") for each in there.values(CHAT_LOGS)}
    if log.sha256 in known:
        return False
    await kept.add(CHAT_LOGS, log.values)
    return True
