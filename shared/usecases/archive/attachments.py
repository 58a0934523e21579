"""Fetches the files that a thread's messages name, one after the other.

A file that cannot be had never keeps the thread from being archived: it stands in
`attachments.jsonl` with the reason, and lowers the thread's grade (P8).

Whoever writes messages can name any number of files of any size, so a thread has a
limit for both. Of the files beyond the first limit one stands for all.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.domain import layout
from shared.domain.archive.new_lines import Draw
from shared.domain.evidence.lines import InputLine, attachment_name, make_line
from shared.domain.evidence.paths import ATTACHMENTS
from shared.domain.thread.attachment import (
    MORE_NAMED,
    Attachment,
    FetchOutcome,
    Origin,
)
from shared.domain.thread.attachments import content_of, missing_files
from shared.domain.thread.transcript import Transcript
from shared.domain.times import format_time
from shared.ports.archive_store import ArchiveStore
from shared.ports.clock import Clock
from shared.ports.file_fetcher import FetchedFile, FileFetcher, NotFetched

MOST_TIME = timedelta(minutes=10)
"""What all files of one thread may take together: the host ends a function in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many files of one thread are fetched, and how many bytes they may have."""

    files: int
    bytes: int


@dataclass(slots=True, kw_only=True)
class Fetched:
    """What came of it: a line for each attempt, and the digests of the files' bytes.

    `files` and `held` are the thread's files so far, and their bytes.
    """

    lines: list[InputLine] = field(default_factory=list)
    digests: dict[str, bytes] = field(default_factory=dict)
    """By path."""
    files: int
    held: int
    says_more: bool
    """Whether it is said already that more files are named than are fetched."""

    @classmethod
    def of(cls, files: Sequence[Attachment]) -> "Fetched":
        """Return where fetching begins, given what is known of a thread's files."""
        beyond = sum(file.reason == MORE_NAMED for file in files)
        return cls(
            files=len(files) - beyond,
            held=sum(file.bytes for file in files if file.is_held),
            says_more=beyond > 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchAttachments:
    """Fetches files, each as its origin demands."""

    archive: ArchiveStore
    fetchers: Mapping[Origin, FileFetcher]
    limits: Limits
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
        fetched = Fetched.of(transcript.attachments)
        until = self.clock() + MOST_TIME
        for file in missing_files(transcript, revision=revision):
            if is_erased(facts_about(file)):
                pass
            elif is_beyond(file) and fetched.files >= self.limits.files:
                self.leave_out(file, fetched)
            else:
                fetched.files += is_beyond(file)
                await self.fetch(file, transcript, fetched, until)
            await asyncio.sleep(0)  # what is refused at once would hold the loop
        return fetched

    def leave_out(self, file: Attachment, fetched: Fetched) -> None:
        """Note once that more files are named than are fetched."""
        if not fetched.says_more:
            fetched.says_more = True
            left = replace(file, outcome=FetchOutcome.REFUSED, reason=MORE_NAMED)
            fetched.lines.append(line_of(left, self.clock(), self.draw()))

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
            got = await self.get(file, transcript, fetched, now, until)
        except NotFetched as error:
            done = replace(file, outcome=error.outcome, reason=str(error))
            if done == file and not error.requested:
                return  # nothing was tried, and what keeps it from that is said
        else:
            done = replace(
                file,
                outcome=FetchOutcome.STORED,
                content_type=got.content_type,
                stored=attachment_name(salt, got.data),
                bytes=len(got.data),
                reason="",
            )
            path = layout.revision_path(
                transcript.thread_id, file.revision, ATTACHMENTS + done.stored
            )
            await self.archive.create(path, got.data)
            fetched.digests[path] = hashlib.sha256(got.data).digest()
            fetched.held += done.bytes
        fetched.lines.append(line_of(done, now, salt))

    async def get(
        self,
        file: Attachment,
        transcript: Transcript,
        fetched: Fetched,
        now: datetime,
        until: datetime,
    ) -> FetchedFile:
        if now > until:
            raise NotFetched(
                f"the thread's files took over {MOST_TIME}", FetchOutcome.UNREACHABLE
            )
        over = NotFetched(
            f"the thread's files have more than {self.limits.bytes} bytes "
            "(FETCH_THREAD_BYTES)",
            FetchOutcome.TOO_LARGE,
        )
        if fetched.held >= self.limits.bytes:
            raise over
        got = await self.fetchers[file.origin].fetch(
            file.url, transcript.listing.reader, transcript.thread_id
        )
        if fetched.held + len(got.data) > self.limits.bytes:
            over.requested = True
            raise over
        return got


def line_of(done: Attachment, now: datetime, salt: bytes) -> InputLine:
    """Return the line that says what became of a file."""
    given = {
        "file": "attachments",
        "received_on": format_time(now),
        "origin": str(done.origin),
        "outcome": str(done.outcome),
        **({"stored": done.stored} if done.stored else {}),
    }
    return make_line(given, content_of(done), salt)


def is_beyond(file: Attachment) -> bool:
    """Return whether a file was never counted: not tried yet, or over the limit."""
    return file.tries == 0 or file.reason == MORE_NAMED


def facts_about(file: Attachment) -> dict[str, Any]:
    """Return the facts by which an order covers the line of a file."""
    return {"file": "attachments", "kind": "attachment", "message": file.message_id}
