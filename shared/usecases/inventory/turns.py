"""Whose turn it is: the threads of a backfill that wait to be archived."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from heapq import heappop, heappush

from shared.domain.inventory.facts import ThreadState
from shared.domain.inventory.state import Thread


@dataclass(slots=True)
class Turns:
    """Threads that wait, by the reader whose turn they need.

    What has had its turn through one of the two lines is passed over in the other.
    """

    by_reader: OrderedDict[str, deque[Thread]] = field(default_factory=OrderedDict)
    expiring: list[tuple[str, str, Thread]] = field(default_factory=list)
    """A heap of those that the service deletes, by when, then by id."""
    tried: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """All that had their turn in this run, and who was known to read each then."""
    waiting: set[str] = field(default_factory=set)
    """The ids of those that wait: each waits once."""
    hurried: set[str] = field(default_factory=set)
    """Those of them that stand in the heap."""

    @property
    def length(self) -> int:
        return len(self.waiting)

    def add(self, thread: Thread) -> None:
        """Add a thread: once, and again for a reader who may succeed.

        One that waits for a reader's turn goes ahead once it is known when the service
        deletes it: a file may have named it before anybody listed it.
        """
        is_lost = thread.state is ThreadState.UNREACHABLE
        tried = self.tried.get(thread.id)
        may_succeed = tried is None or (is_lost and thread.readers != tried)
        is_waiting = thread.id in self.waiting
        if not is_waiting and not may_succeed:
            return
        self.waiting.add(thread.id)
        if due := thread.deletion_due_on:
            if thread.id not in self.hurried:
                self.hurried.add(thread.id)
                heappush(self.expiring, (due, thread.id, thread))
        elif not is_waiting:
            reader = thread.readers[0] if thread.readers else ""
            self.by_reader.setdefault(reader, deque()).append(thread)

    def pop(self) -> Thread:
        """Return what is deleted next, else the next of the reader whose turn it is."""
        thread = self.next_in_line()
        while thread.id not in self.waiting:
            thread = self.next_in_line()
        self.waiting.remove(thread.id)
        self.hurried.discard(thread.id)
        self.tried[thread.id] = thread.readers
        return thread

    def next_in_line(self) -> Thread:
        if self.expiring:
            return heappop(self.expiring)[-1]
        reader, threads = self.by_reader.popitem(last=False)
        thread = threads.popleft()
        if threads:
            self.by_reader[reader] = threads
        return thread
