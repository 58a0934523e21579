"""Fetches the files that a thread's messages name, one after the other.

A file that cannot be had never keeps the thread from being archived: it stands in
`attachments.jsonl` with the reason, and lowers the thread's grade (P8).
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.domain import layout
from shared.domain.archive.new_lines import Draw
from shared.domain.evidence.lines import InputLine, attachment_name, make_line
from shared.domain.evidence.paths import ATTACHMENTS
from shared.domain.thread.attachment import Attachment, FetchOutcome, Origin
from shared.domain.thread.attachments import content_of, missing_files
from shared.domain.thread.transcript import Transcript
from shared.domain.times import format_time
from shared.ports.archive_store import ArchiveStore
from shared.ports.clock import Clock
from shared.ports.file_fetcher import FetchedFile, FileFetcher, NotFetched

MOST_TIME = timedelta(minutes=10)
"""What all files of one thread may take together: the host ends a function in time."""


@dataclass(slots=True, kw_only=True)
class Fetched:
    """What came of it: a line for each attempt, and the digests of the files' bytes."""

    lines: list[InputLine] = field(default_factory=list)
    digests: dict[str, bytes] = field(default_factory=dict)
    """By path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchAttachments:
    """Fetches files, each as its origin demands."""

    archive: ArchiveStore
    fetchers: Mapping[Origin, FileFetcher]
    clock: Clock
    draw: Draw

    async def __call__(
        self,
        transcript: Transcript,
        revision: int,
        is_erased: Callable[[Mapping[str, Any]], bool],
    ) -> Fetched:
        """Fetch what is not held yet into a revision that is being made.

        `is_erased` says of the facts of a line that an older order covers it.

        Raises:
            Transient: a file could not be kept.

        """
        fetched = Fetched()
        until = self.clock() + MOST_TIME
        for file in missing_files(transcript, revision=revision):
            if not is_erased(facts_about(file)):
                await self.fetch(file, transcript, fetched, until)
            await asyncio.sleep(0)  # what is refused at once would hold the loop
        return fetched

    async def fetch(
        self,
        file: Attachment,
        transcript: Transcript,
        fetched: Fetched,
        until: datetime,
    ) -> None:
        """Fetch a file, and note what became of it."""
        now, salt = self.clock(), self.draw()
        try:
            got = await self.get(file, transcript.listing.reader, now, until)
        except NotFetched as error:
            done = replace(file, outcome=error.outcome, reason=str(error))
        else:
            done = replace(
                file,
                outcome=FetchOutcome.STORED,
                content_type=got.content_type,
                stored=attachment_name(salt, got.data),
                bytes=len(got.data),
            )
            path = layout.revision_path(
                transcript.thread_id, file.revision, ATTACHMENTS + done.stored
            )
            await self.archive.create(path, got.data)
            fetched.digests[path] = hashlib.sha256(got.data).digest()
        given = {
            "file": "attachments",
            "received_on": format_time(now),
            "origin": str(done.origin),
            "outcome": str(done.outcome),
            **({"stored": done.stored} if done.stored else {}),
        }
        fetched.lines.append(make_line(given, content_of(done), salt))

    async def get(
        self, file: Attachment, reader: str, now: datetime, until: datetime
    ) -> FetchedFile:
        if now > until:
            raise NotFetched(
                f"the thread's files took over {MOST_TIME}", FetchOutcome.UNREACHABLE
            )
        return await self.fetchers[file.origin].fetch(file.url, reader)


def facts_about(file: Attachment) -> dict[str, Any]:
    """Return the facts by which an order covers the line of a file."""
    return {"file": "attachments", "kind": "attachment", "message": file.message_id}
