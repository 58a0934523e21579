"""What an erasure does not reach, so that nobody takes it for erased (P8)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shared.domain import layout
from shared.domain.layout import IMPORTS_PREFIX, RUNS_PREFIX
from shared.domain.words import plural
from shared.ports.append_log import ThreadLogs
from shared.ports.archive_store import ArchiveFiles
from shared.ports.clock import Clock
from shared.ports.unprocessed_events import UnprocessedEvents
from shared.ports.work_queue import MeasuredQueue
from shared.usecases.evidence.erase_plan import Choice
from shared.usecases.evidence.revisions import Revisions, folders_of, revisions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """A place that may hold what was erased elsewhere.

    `is_thread` is True for a thread of the archive or its log, which a later erasure
    reaches.
    """

    text: str
    is_thread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FindUnreached:
    """Looks for places that no erasure reaches; a folder has no log and no queue."""

    archive: ArchiveFiles
    control: ArchiveFiles | None = None
    """Has the state of backfills and imports, which names people by their ids."""
    log: ThreadLogs | None = None
    quarantine: UnprocessedEvents | None = None
    dead_letters: UnprocessedEvents | None = None
    queues: Mapping[str, MeasuredQueue] = field(default_factory=dict)
    """By name: what waits there holds events."""
    soft_deleted_for: Callable[[], Awaitable[timedelta | None]] | None = None
    """Returns how long the storage keeps what is deleted; None where nobody may see."""
    clock: Clock | None = None

    async def __call__(self, choice: Choice) -> AsyncIterator[Unreached]:
        """Yield each place.

        Raises:
            Transient: one of them cannot be looked at.

        """
        for places in (
            self.unfinished_threads(choice),
            self.logged_threads(choice),
            self.unprocessed(),
            self.runs(),
        ):
            async for place in places:
                yield place
        if soft_deleted := await self.soft_deleted():
            yield soft_deleted
        for name, queue in self.queues.items():
            if count := await queue.depth():
                yield Unreached(text=f"{plural(count, 'message')} on the queue {name}")

    async def unprocessed(self) -> AsyncIterator[Unreached]:
        """Yield what nobody could assign to a thread."""
        if self.quarantine:
            prefix = layout.quarantine_folder("") + layout.THREAD_PREFIX
            paths = [file.path async for file in self.quarantine.files()]
            count = sum(not path.startswith(prefix) for path in paths)
            if count:
                files = plural(count, "file")
                yield Unreached(text=f"{files} of quarantine without a thread")
        if self.dead_letters:
            count = len([file async for file in self.dead_letters.files()])
            if count:
                yield Unreached(text=plural(count, "file") + " of dead letters")

    async def runs(self) -> AsyncIterator[Unreached]:
        """Yield the state of each backfill, and of each import into Teams."""
        if self.control is None:
            return
        for prefix, kind in ((RUNS_PREFIX, "backfill"), (IMPORTS_PREFIX, "import")):
            files = [file.path async for file in self.control.walk(prefix)]
            for name in sorted({path.split("/")[1] for path in files}):
                yield Unreached(
                    text=f"the state of {kind} {name}: ids of users and threads, no "
                    f"message; it stands in {prefix}{name}/ of the control data"
                )

    async def soft_deleted(self) -> Unreached | None:
        """Return what soft delete can bring back, and until when."""
        if self.soft_deleted_for is None or self.clock is None:
            return None
        kept = await self.soft_deleted_for()
        if kept is None:
            return Unreached(
                text="soft delete, if the account has it: this identity may not see "
                "for how long"
            )
        if not kept:
            return None
        until = (self.clock() + kept).date()
        return Unreached(
            text=f"what soft delete keeps of files that are erased now, until {until}"
        )

    async def unfinished_threads(self, choice: Choice) -> AsyncIterator[Unreached]:
        """Yield threads of the archive that have nothing but attempts that died."""
        async for folder, files in folders_of(self.archive, layout.THREAD_PREFIX):
            thread_id = layout.thread_of(folder)
            if not is_chosen(thread_id, choice):
                continue
            if not Revisions.of([file.path for file in files]).finished:
                yield Unreached(
                    text=f"{thread_id}: the archive holds only an attempt that died; "
                    "have it finalized, then run this again",
                    is_thread=True,
                )

    async def logged_threads(self, choice: Choice) -> AsyncIterator[Unreached]:
        """Yield threads that have only a log so far."""
        if self.log is None:
            return
        async for thread in self.log.threads():
            thread_id = thread.thread_id
            # A marker stands for a revision; only the others need a look.
            if thread.markers or not is_chosen(thread_id, choice):
                continue
            revisions = await revisions_of(self.archive, thread_id)
            if not revisions.last_used:
                yield Unreached(
                    text=f"{thread_id}: only a log so far; let the sweep finalize it, "
                    "then run this again",
                    is_thread=True,
                )


def is_chosen(thread_id: str, choice: Choice) -> bool:
    return bool(thread_id) and (not choice.threads or thread_id in choice.threads)
