"""Where insights are kept: apart from the archive, a file for each thread.

Rule 1: nothing is believed as it stands: whoever shows insights checks them first.
Rule 2: they are current as long as what the model was given of the thread, and what it
        was asked, are the same. Else they are stale, and shown nowhere. (P12)
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from shared.domain import json_line, layout
from shared.domain.errors import IntegrityError
from shared.domain.insights.insights import (
    Insights,
    NotInsights,
    count_in,
    read_insights,
)
from shared.ports.archive_store import AlreadyExists, ErasableArchive

FILE = "insights.json"
STATE = "state.json"
FORMAT = 1


def path_of(thread_id: str) -> str:
    """Return where the insights of a thread are kept."""
    return layout.thread_folder(thread_id) + FILE


@dataclass(frozen=True, slots=True)
class KeptInsights:
    """Reads, writes and removes the insights of threads."""

    files: ErasableArchive

    async def read(self, thread_id: str) -> Insights | None:
        """Return the insights of a thread; None where there are none.

        Raises:
            NotInsights: the file there is damaged, or of another thread.

        """
        try:
            data = await self.files.read(path_of(thread_id))
        except IntegrityError:
            return None
        found = read_insights(data)
        if found.thread_id != thread_id:
            raise NotInsights("it is of another thread")
        return found

    async def write(self, insights: Insights) -> None:
        path = path_of(insights.thread_id)
        await replace(self.files, path, insights.stored)

    async def remove(self, thread_id: str) -> bool:
        """Remove the insights of a thread; return whether there were any."""
        path = path_of(thread_id)
        there = [file async for file in self.files.walk(path)]
        if there:
            await self.files.remove(path)
        return bool(there)

    async def threads(self) -> AsyncIterator[str]:
        """Yield the ids of the threads that have insights."""
        async for file in self.files.walk(layout.THREAD_PREFIX):
            if file.path.endswith(f"/{FILE}") and file.path.count("/") == 1:
                yield layout.thread_of(file.path)

    async def last_run(self, terms: str) -> int:
        """Return up to which line of the ledger a run has made insights of all.

        0 where none has, or where it asked something else.
        """
        try:
            value: Any = json_line.parse(await self.files.read(STATE))
            is_same = (value["format"], value["terms"]) == (FORMAT, terms)
            return count_in(value, "ledger_lines") if is_same else 0
        except (IntegrityError, ValueError, KeyError, TypeError):
            return 0

    async def note_run(self, ledger_lines: int, terms: str, ran_on: str) -> None:
        value = {
            "format": FORMAT,
            "ledger_lines": ledger_lines,
            "terms": terms,
            "ran_on": ran_on,
        }
        await replace(self.files, STATE, json_line.encode(json_line.pretty(value)))


async def replace(files: ErasableArchive, path: str, data: bytes) -> None:
    """Write a file; the first one makes the container."""
    try:
        await files.create(path, data)
    except AlreadyExists:
        await files.replace(path, data)
