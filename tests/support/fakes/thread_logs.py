"""The log in memory, with the clock that its blobs' times come from."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain import layout
from shared.domain.errors import Transient
from shared.domain.log import coverage
from shared.domain.log.coverage import Covers, Segment, ThreadLog


@dataclass
class Blob:
    data: bytes
    created_on: datetime
    modified_on: datetime


class MemoryAppendLog:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.blobs: dict[str, Blob] = {}
        self.failing = 0
        """How many of the next appends fail, after having been written."""

    async def append(self, stem: str, line: bytes) -> None:
        now = self.clock()
        path = layout.segment_path(stem, 0)
        blob = self.blobs.setdefault(path, Blob(b"", now, now))
        blob.data += line
        blob.modified_on = now
        if self.failing:
            self.failing -= 1
            raise Transient("the answer was lost")


class MemoryThreadLogs(MemoryAppendLog):
    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(clock)
        self.markers: dict[str, str] = {}
        self.superseded: dict[str, int] = {}
        self.whole_pass_due: dict[str, datetime | None] = {}
        self.marked_on: dict[str, datetime] = {}

    async def threads(self) -> AsyncIterator[ThreadLog]:
        names = [*self.blobs, *self.markers]
        folders = {n.split("/")[0] for n in names if n.startswith("thread=")}
        for folder in sorted(folders):
            thread_id = layout.thread_of(folder)
            if thread_id:
                yield await self.thread(thread_id)
            else:
                yield ThreadLog(
                    thread_id="", folder=f"{folder}/", segments=(), markers={}
                )

    async def thread(self, thread_id: str) -> ThreadLog:
        folder = layout.thread_folder(thread_id)
        markers = [path for path in self.markers if path.startswith(folder)]
        return ThreadLog(
            thread_id=thread_id,
            segments=tuple(
                self.segment(path)
                for path in sorted(self.blobs)
                if path.startswith(folder)
            ),
            markers={
                layout.marker_revision(path) or 0: coverage.from_metadata(packed)
                for path, packed in self.markers.items()
                if path.startswith(folder)
            },
            marked_on=self.marked_on[max(markers)] if markers else None,
            superseded=self.superseded[max(markers)] if markers else 0,
            whole_pass_due=self.whole_pass_due[max(markers)] if markers else None,
        )

    def segment(self, path: str) -> Segment:
        blob = self.blobs[path]
        return Segment(
            path=path,
            size=len(blob.data),
            created_on=blob.created_on.replace(microsecond=0),
            modified_on=blob.modified_on.replace(microsecond=0),
            etag=str(len(blob.data)),
        )

    async def read(self, segment: Segment, start: int) -> bytes:
        if segment.path not in self.blobs:
            raise Transient(f"read {segment.path}: 404")
        return self.blobs[segment.path].data[start : segment.size]

    async def quarantined(self):
        paths = [
            p.removeprefix("quarantine/") for p in self.blobs if "quarantine/" in p
        ]
        for thread_id in sorted({layout.thread_of(path) for path in paths} - {""}):
            yield thread_id

    async def quarantine(self, thread_id):
        folder = layout.quarantine_folder(thread_id)
        return tuple(
            self.segment(path) for path in sorted(self.blobs) if path.startswith(folder)
        )

    async def mark(
        self,
        thread_id: str,
        revision: int,
        covers: Covers,
        superseded: int = 0,
        whole_pass_due: datetime | None = None,
    ) -> None:
        path = layout.marker_path(thread_id, revision)
        self.superseded.setdefault(path, superseded)
        self.whole_pass_due.setdefault(path, whole_pass_due)
        self.markers.setdefault(path, coverage.to_metadata(covers))
        self.marked_on.setdefault(path, self.clock())

    async def prune(self, segment: Segment) -> bool:
        blob = self.blobs.get(segment.path)
        if blob is None or str(len(blob.data)) != segment.etag:
            return False
        del self.blobs[segment.path]
        return True

    async def unmark(self, thread_id: str, revision: int) -> None:
        path = layout.marker_path(thread_id, revision)
        for kept in (
            self.markers,
            self.marked_on,
            self.superseded,
            self.whole_pass_due,
        ):
            kept.pop(path, None)

    def age(self, **changes: datetime) -> None:
        """Return every blob other times."""
        for path, blob in self.blobs.items():
            self.blobs[path] = replace(blob, **changes)
