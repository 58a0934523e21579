"""Which threads wait on the queue, and which rest: nothing is queued twice (P11).

The queue can be asked for one thing only: when its oldest visible message was put.
Messages are taken roughly in the order in which they came. So of what was queued

- after the oldest visible message, everything still waits;
- at least `TAKEN_AFTER` before it, everything was taken, or lost: it is queued again
  where it is still due;
- with no message visible, what was queued in the last `SETTLED_AFTER` may be under way.

A thread whose marker is newer than its queueing was archived since, and waits no more.
A thread that failed for the last time rests before it is queued again, longer each
time, up to `LONGEST_REST`. So does one that was queued `MOST_UNSEEN` times without
anything being heard of it: it may be one that kills its finalizer.
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
    SweepLogLine,
    UnreachableLine,
)

SWEEP = "sweep"
"""How a sweep names itself in what it has queued."""
TAKEN_AFTER = timedelta(minutes=10)
SETTLED_AFTER = timedelta(minutes=20)
FIRST_REST = timedelta(hours=1)
LONGEST_REST = timedelta(days=1)
MOST_UNSEEN = 3
REMEMBERED_FOR = timedelta(days=2)
"""How far back failures are read: longer than the longest rest and the tries after."""


@dataclass(slots=True)
class Waiting:
    """What waits and what rests, as of one look.

    Memory grows with what was queued in the last days, not with the number of threads:
    16 bytes a thread that waits, and some 200 a thread while the sweep log is read.
    """

    now: datetime
    keys: "array[int]" = field(default_factory=lambda: array("Q"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    failed: dict[str, FailedLine] = field(default_factory=dict)
    unreachable: dict[str, UnreachableLine] = field(default_factory=dict)
    unseen: dict[int, list[float]] = field(default_factory=dict)
    """When threads were queued of which nothing was heard since, more than once."""
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

    def holds(self, thread_id: str, settled_on: datetime | None = None) -> bool:
        """Return whether a thread still waits; `settled_on` is as its log has it."""
        at = bisect_left(self.keys, key := key_of(thread_id))
        if at == len(self.keys) or self.keys[at] != key:
            return False
        return settled_on is None or bool(settled_on.timestamp() < self.times[at])

    def rests(self, thread_id: str, settled_on: datetime | None = None) -> bool:
        """Return whether a thread that failed rests a while longer."""
        failed = self.failure_of(thread_id, settled_on)
        if failed is None:
            return self.is_unheard_of(thread_id, settled_on)
        return self.now < failed.on + rest_after(failed.failures)

    def is_unheard_of(self, thread_id: str, settled_on: datetime | None) -> bool:
        """Return whether a thread rests since it was queued too often for nothing."""
        since = settled_on.timestamp() if settled_on else 0.0
        times = [on for on in self.unseen.get(key_of(thread_id), ()) if on > since]
        rest = rest_after(len(times) - MOST_UNSEEN + 1)
        is_often = len(times) >= MOST_UNSEEN
        return is_often and self.now.timestamp() < times[-1] + rest.total_seconds()

    def is_out_of_reach(self, thread_id: str) -> bool:
        """Return whether nobody could read a thread a short while ago."""
        unreachable = self.unreachable.get(thread_id)
        return bool(unreachable and self.now < unreachable.on + LONGEST_REST)

    def failures(self, thread_id: str, settled_on: datetime | None = None) -> int:
        """Return how often in a row a thread has failed for the last time."""
        failed = self.failure_of(thread_id, settled_on)
        return failed.failures if failed else 0

    def failure_of(
        self, thread_id: str, settled_on: datetime | None
    ) -> FailedLine | None:
        """Return how a thread failed; None where it was archived since."""
        failed = self.failed.get(thread_id)
        is_over = failed and settled_on and settled_on > failed.on
        return None if is_over else failed


def rest_after(failures: int) -> timedelta:
    return min(FIRST_REST * int(2 ** min(max(failures - 1, 0), 10)), LONGEST_REST)


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
    limit = is_waiting_since(now, await queue.oldest())
    reading = Reading(
        waiting=Waiting(now=now),
        limit=limit,
        but_by=but_by,
        since=since or datetime.max.replace(tzinfo=UTC),
    )
    async for line in log.since(min(limit, now - REMEMBERED_FOR, since or now)):
        reading.take(line)
    return reading.finish()


@dataclass(slots=True, kw_only=True)
class Reading:
    """The sweep log, line by line, on its way to what waits."""

    waiting: Waiting
    limit: datetime
    but_by: str
    since: datetime
    found: dict[int, float] = field(default_factory=dict)
    last: dict[int, float] = field(default_factory=dict)

    def take(self, line: SweepLogLine) -> None:
        """Take in the next line."""
        match line:
            case QueuedLine():
                if line.by == SWEEP and line.thread_ids:
                    self.waiting.resume_after = line.thread_ids[-1]
                self.queued(line)
            case FinalizedLine() | FailedLine() | UnreachableLine():
                self.ended(line)
            case BeganLine() | SweepLine():
                self.waiting.resume_after = ""

    def queued(self, line: QueuedLine) -> None:
        on = line.on.timestamp()
        is_held = line.on > self.limit and line.by != self.but_by
        for key in map(key_of, line.thread_ids):
            if is_held:
                self.found[key] = on
            if key in self.last:
                self.waiting.unseen.setdefault(key, [self.last[key]]).append(on)
            self.last[key] = on

    def ended(self, line: Outcome) -> None:
        self.waiting.add(line)
        for known in (self.found, self.last, self.waiting.unseen):
            known.pop(key_of(line.thread_id), None)
        if line.on >= self.since:
            self.waiting.outcomes[line.thread_id] = line

    def finish(self) -> Waiting:
        for key in sorted(self.found):
            self.waiting.keys.append(key)
            self.waiting.times.append(self.found[key])
        return self.waiting
