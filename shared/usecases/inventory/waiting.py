"""Which threads wait on the queue, and which rest: nothing is queued twice (P11).

The queue can be asked for one thing only: when its oldest visible message was put.
Messages are taken roughly in the order in which they came. So of what was queued

- after the oldest visible message, everything still waits;
- at least `TAKEN_AFTER` before it, everything was taken, or lost: it is queued again
  where it is still due;
- with no message visible, what was queued in the last `SETTLED_AFTER` may be under way.

A thread whose marker is newer than its queueing was archived since, and waits no more.
A thread that failed for the last time rests before it is queued again, longer each
time, up to `LONGEST_REST`.
"""

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from shared.ports.work_queue import WorkQueue
from shared.usecases.inventory.sweep_log import (
    BeganLine,
    FailedLine,
    FinalizedLine,
    Outcome,
    QueuedLine,
    SweepLine,
    SweepLog,
    UnreachableLine,
)

SWEEP = "sweep"
"""How a sweep names itself in what it has queued."""
TAKEN_AFTER = timedelta(minutes=10)
SETTLED_AFTER = timedelta(minutes=20)
FIRST_REST = timedelta(hours=1)
LONGEST_REST = timedelta(days=1)
REMEMBERED_FOR = timedelta(days=2)
"""How far back failures are read: longer than the longest rest and the tries after."""


@dataclass(slots=True)
class Waiting:
    """What waits and what rests, as of one look.

    Memory grows with the backlog, not with the number of threads: 16 bytes a thread
    that waits, and some 120 while the sweep log is read.
    """

    now: datetime
    keys: "array[int]" = field(default_factory=lambda: array("Q"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    failed: dict[str, FailedLine] = field(default_factory=dict)
    unreachable: dict[str, UnreachableLine] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """The newest of each thread since `since`; empty where nobody asked for them."""
    resume_after: str = ""
    """The last thread that the newest sweep had queued when it was stopped; "" where it
    came to its end, or had queued nothing: one that is stopped again and again behind
    its last thread would never see the first ones."""

    def add(self, outcome: Outcome) -> None:
        """Take in what became of a thread."""
        match outcome:
            case FailedLine():
                self.failed[outcome.thread_id] = outcome
            case UnreachableLine():
                self.unreachable[outcome.thread_id] = outcome
            case FinalizedLine():
                self.failed.pop(outcome.thread_id, None)
                self.unreachable.pop(outcome.thread_id, None)

    def holds(self, thread_id: str, marked_on: datetime | None = None) -> bool:
        """Return whether a thread still waits; `marked_on` is when it was archived."""
        at = bisect_left(self.keys, key := key_of(thread_id))
        if at == len(self.keys) or self.keys[at] != key:
            return False
        return marked_on is None or bool(marked_on.timestamp() < self.times[at])

    def rests(self, thread_id: str, marked_on: datetime | None = None) -> bool:
        """Return whether a thread that failed rests a while longer."""
        failed = self.failed.get(thread_id)
        if failed is None or (marked_on and marked_on > failed.on):
            return False
        rest = FIRST_REST * 2 ** min(max(failed.failures - 1, 0), 10)
        return bool(self.now < failed.on + min(rest, LONGEST_REST))

    def is_out_of_reach(self, thread_id: str) -> bool:
        """Return whether nobody could read a thread a short while ago."""
        unreachable = self.unreachable.get(thread_id)
        return bool(unreachable and self.now < unreachable.on + LONGEST_REST)

    def failures(self, thread_id: str, marked_on: datetime | None = None) -> int:
        """Return how often in a row a thread has failed for the last time."""
        failed = self.failed.get(thread_id)
        is_over = failed is None or (marked_on and marked_on > failed.on)
        return 0 if failed is None or is_over else failed.failures


def key_of(thread_id: str) -> int:
    name = thread_id.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")


def is_waiting_since(now: datetime, oldest: datetime | None) -> datetime:
    """Return the time after which what was queued still waits."""
    return now - SETTLED_AFTER if oldest is None else oldest - TAKEN_AFTER


async def look(
    queue: WorkQueue,
    log: SweepLog,
    now: datetime,
    *,
    since: datetime | None = None,
    but_by: str = "",
) -> Waiting:
    """Return what waits on the queue and what rests, as of now.

    `since` is how far back outcomes are wanted, of threads that were queued long ago.
    `but_by` leaves out what this one has queued.

    Raises:
        Transient: the queue or the sweep log cannot be reached.

    """
    waiting = Waiting(now=now)
    limit = is_waiting_since(now, await queue.oldest())
    found: dict[int, float] = {}
    earliest = min(limit, now - REMEMBERED_FOR, since or now)
    wanted = since or datetime.max.replace(tzinfo=UTC)
    async for line in log.since(earliest):
        match line:
            case QueuedLine():
                if line.by == SWEEP and line.thread_ids:
                    waiting.resume_after = line.thread_ids[-1]
                if line.on > limit and line.by != but_by:
                    for thread_id in line.thread_ids:
                        found[key_of(thread_id)] = line.on.timestamp()
            case FinalizedLine() | FailedLine() | UnreachableLine():
                waiting.add(line)
                found.pop(key_of(line.thread_id), None)
                if line.on >= wanted:
                    waiting.outcomes[line.thread_id] = line
            case BeganLine() | SweepLine():
                waiting.resume_after = ""
    for key in sorted(found):
        waiting.keys.append(key)
        waiting.times.append(found[key])
    return waiting
