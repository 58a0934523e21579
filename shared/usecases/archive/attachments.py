"""Fetches the files that a thread's messages name, one after the other.

A file that cannot be had never keeps the thread from being archived: it stands in
`attachments.jsonl` and in the manifest, with the reason (P8).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.domain import layout
from shared.domain.archive.manifest import ArchiveFile, describe
from shared.domain.log.commitment import sha256
from shared.domain.thread.attachment import Attachment, Origin
from shared.domain.thread.attachments import encode_attachment, missing_files
from shared.domain.thread.transcript import Transcript
from shared.domain.times import format_time
from shared.ports.archive_store import ArchiveStore
from shared.ports.clock import Clock
from shared.ports.file_fetcher import FileFetcher, NotFetched

MOST_TIME = timedelta(minutes=10)
"""What all files of one thread may take together: the host ends a function in time."""


@dataclass(slots=True, kw_only=True)
class Fetched:
    """What came of it: lines for `attachments.jsonl`, and the files by their names."""

    lines: list[bytes] = field(default_factory=list)
    files: dict[str, ArchiveFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchAttachments:
    """Fetches files, each as its origin demands."""

    archive: ArchiveStore
    fetchers: Mapping[Origin, FileFetcher]
    clock: Clock

    async def __call__(self, transcript: Transcript, revision: int) -> Fetched:
        """Fetch what is not held yet into a revision that is being made.

        Raises:
            Transient: a file could not be kept.

        """
        fetched = Fetched()
        until = self.clock() + MOST_TIME
        for file in missing_files(transcript, revision=revision):
            done = await self.fetch(file, transcript, fetched, until)
            fetched.lines.append(encode_attachment(done))
            await asyncio.sleep(0)  # what is refused at once would hold the loop
        return fetched

    async def fetch(
        self,
        file: Attachment,
        transcript: Transcript,
        fetched: Fetched,
        until: datetime,
    ) -> Attachment:
        now = self.clock()
        file = replace(file, fetched_on=format_time(now))
        if now > until:
            return replace(file, reason=f"the thread's files took over {MOST_TIME}")
        try:
            fetcher = self.fetchers[file.origin]
            got = await fetcher.fetch(file.url, transcript.listing.reader)
        except NotFetched as error:
            return replace(file, reason=str(error))
        digest = sha256(got.data)
        name = layout.attachment_name(digest)
        if name not in fetched.files:
            path = layout.revision_path(transcript.thread_id, file.revision, name)
            await self.archive.create(path, got.data)
            fetched.files[name] = describe(name, got.data)
        return replace(
            file,
            content_type=got.content_type,
            sha256=digest,
            bytes=len(got.data),
        )
