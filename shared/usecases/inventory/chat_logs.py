"""Chat logs of Azure Monitor, kept in the archive: proof of which threads there were.

Rule 1: each row that names a user or a thread is a line. The first line of a file has
        its digest, and names everybody in it: it goes with any of them, so that nobody
        can test a guess at an erased row by it.
Rule 2: so a file that names somebody who was erased before, or a row that any erasure
        takes, is kept without its digest, and without the rows of the erased.
Rule 3: nothing is kept twice: no file of the same digest, nor, where a file has none,
        a row that is there.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.domain.evidence.canonical import LONGEST_STRING
from shared.domain.evidence.facts import facts_of
from shared.domain.evidence.words import UNREADABLE
from shared.usecases.evidence.archive_input import ArchiveInput, content_of
from shared.usecases.evidence.read_input import ReadInput

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

    `sha256` is of its bytes, or "" where it may not stay; `taken_on` is the day (UTC)
    of which the file is, by its system, or "" where nothing tells.
    """

    name: str
    sha256: str
    taken_on: str
    rows: Sequence[LogRow]

    @property
    def values(self) -> list[dict[str, Any]]:
        """What its lines say."""
        named = sorted({row.user_id for row in self.rows if row.user_id})
        head: dict[str, Any] = {
            "people": [who for who in named if len(who) <= LONGEST_STRING],
            "file": self.name,
            "taken_on": self.taken_on,
            "rows": len(self.rows),
        }
        if self.sha256:
            head["sha256"] = self.sha256
        return [head, *map(row_value, self.rows)]


def row_value(row: LogRow) -> dict[str, Any]:
    people = [row.user_id] if row.user_id else []
    return {"people": people, "thread": row.thread_id, "row": row.value}


async def keep_chat_log(kept: ArchiveInput, log: ChatLog) -> bool:
    """Keep what is new of a file; return whether anything was.

    Raises:
        IntegrityError: what is there cannot be read.
        Immutable: an erasure waits that the storage forbids.
        Transient: it may be there all the same; or another process writes.

    """
    there = await kept.read(CHAT_LOGS)
    if log.sha256 in {each.value.get("sha256") for each in there.values(CHAT_LOGS)}:
        return False
    erased = there.erased_people
    rows = [row for row in log.rows if row.user_id not in erased]
    if len(rows) < len(log.rows) or not all(map(is_readable, rows)):
        log = replace(log, sha256="", rows=new_rows(rows, there))
        if not log.rows:
            return False
    await kept.add(CHAT_LOGS, log.values)
    return True


def is_readable(row: LogRow) -> bool:
    """Return whether the line of a row is one that only its own people erase."""
    given = {"file": CHAT_LOGS, "received_on": "2000-01-01T00:00:00Z"}
    facts = facts_of(given, content_of(row_value(row)))
    return bool(facts["kind"] != UNREADABLE)


def new_rows(rows: Iterable[LogRow], there: ReadInput) -> list[LogRow]:
    """Return the rows that are not kept, each as often as it is missing."""
    known = Counter(line.content for file in there.of(CHAT_LOGS) for line in file.lines)
    new = []
    for row in rows:
        content = content_of(row_value(row))
        if known[content]:
            known[content] -= 1
        else:
            new.append(row)
    return new
