"""What is noted of a batch while the service works on it: enough to go on anywhere.

Rule 1: a note is written before anything is sent, so that nothing is sent twice.
Rule 2: it names threads, and holds no text; what is asked is made of the index again.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

from shared.domain import json_line
from shared.domain.errors import ArchiverError
from shared.domain.insights.insights import flag_in, list_in, text_in
from shared.domain.insights.terms import Terms
from shared.ports.archive_store import ErasableArchive
from shared.usecases.insights import kept_insights

FOLDER = "batches/"
FORMAT = 1


class NoNote(ArchiverError):
    """The note of a batch cannot be read. The text says what to do."""


@dataclass(frozen=True, slots=True)
class AskedThread:
    """A thread in a batch: what of it was given, and in how many requests."""

    thread_id: str
    given: str
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchNote:
    """A batch: `batch_id` is "" until the service has taken it.

    With `is_together`, it makes the summaries of parts one. `service` is the host that
    has the content.
    """

    name: str
    service: str
    deployment: str
    terms: Terms
    threads: tuple[AskedThread, ...]
    submitted_on: str
    is_together: bool = False
    batch_id: str = ""

    @property
    def path(self) -> str:
        return f"{FOLDER}{self.name}.json"

    def sent(self, batch_id: str) -> "BatchNote":
        return replace(self, batch_id=batch_id)

    @property
    def stored(self) -> bytes:
        value = {
            "format": FORMAT,
            "name": self.name,
            "service": self.service,
            "deployment": self.deployment,
            "batch_id": self.batch_id,
            "submitted_on": self.submitted_on,
            "is_together": self.is_together,
            "labels": list(self.terms.labels),
            "part_tokens": self.terms.part_tokens,
            "output_tokens": self.terms.output_tokens,
            "threads": [
                [each.thread_id, each.given, each.requests] for each in self.threads
            ],
        }
        return json_line.encode(json_line.pretty(value))


def read_note(path: str, data: bytes) -> BatchNote:
    """Read a note.

    Raises:
        NoNote: it is none.

    """
    try:
        value: Any = json_line.parse(data)
        {FORMAT}.remove(value["format"])  # raises a KeyError for any other
        return BatchNote(
            name=text_in(value, "name"),
            service=text_in(value, "service"),
            deployment=text_in(value, "deployment"),
            batch_id=text_in(value, "batch_id"),
            submitted_on=text_in(value, "submitted_on"),
            is_together=flag_in(value, "is_together"),
            terms=Terms(
                labels=tuple(map(str, list_in(value, "labels"))),
                part_tokens=int(value["part_tokens"]),
                output_tokens=int(value["output_tokens"]),
            ),
            threads=tuple(
                AskedThread(str(thread_id), str(given), int(requests))
                for thread_id, given, requests in list_in(value, "threads")
            ),
        )
    except (ValueError, KeyError, TypeError):
        raise NoNote(
            f"{path} is no note of a batch, or damaged: remove it, and submit again"
        ) from None


@dataclass(frozen=True, slots=True)
class BatchNotes:
    """Reads, writes and removes the notes of batches."""

    files: ErasableArchive

    async def all(self) -> AsyncIterator[BatchNote]:
        """Yield every note, the oldest first.

        Raises:
            NoNote: one cannot be read.

        """
        notes = [
            read_note(file.path, await self.files.read(file.path))
            async for file in self.files.walk(FOLDER)
            if file.path.endswith(".json")
        ]
        for note in sorted(notes, key=lambda each: (each.submitted_on, each.name)):
            yield note

    async def write(self, note: BatchNote) -> None:
        await kept_insights.replace(self.files, note.path, note.stored)

    async def remove(self, note: BatchNote) -> None:
        await self.files.remove(note.path)
