"""Whose turn it is: the threads of a backfill that wait to be archived."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from heapq import heappop, heappush

from shared.domain.inventory.facts import ThreadState
from shared.domain.inventory.state import Thread


@dataclass(slots=True)
class Turns:
    """Threads that wait, by the reader whose turn they need."""

    by_reader: OrderedDict[str, deque[Thread]] = field(default_factory=OrderedDict)
    expiring: list[tuple[str, str, Thread]] = field(default_factory=list)
    """A heap of those that the service deletes, by when, then by id."""
    tried: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """All that ever waited in this run, and who was known to read each then."""
    length: int = 0

    def add(self, thread: Thread) -> None:
        """Add a thread: once, and again for a reader who may succeed."""
        tried = self.tried.get(thread.id)
        is_lost = thread.state is ThreadState.UNREACHABLE
        if tried is None or (is_lost and thread.readers != tried):
            self.tried[thread.id] = thread.readers
            self.length += 1
            if due := thread.deletion_due_on:
                heappush(self.expiring, (due, thread.id, thread))
                return
            reader = thread.readers[0] if thread.readers else ""
            self.by_reader.setdefault(reader, deque()).append(thread)

    def pop(self) -> Thread:
        """Return what is deleted next, else the next of the reader whose turn it is."""
        if self.expiring:
            self.length -= 1
            return heappop(self.expiring)[-1]
        reader, threads = self.by_reader.popitem(last=False)
        thread = threads.popleft()
        if threads:
            self.by_reader[reader] = threads
        self.length -= 1
        return thread
