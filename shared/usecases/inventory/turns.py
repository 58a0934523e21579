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
    behind: set[str] = field(default_factory=set)
    """Those that wait for a reader's turn."""
    hurried: set[str] = field(default_factory=set)
    """Those that left it, once it was known that the service deletes them: what is
    left of them there is passed over."""
    tried: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """All that ever waited in this run, and who was known to read each then."""
    length: int = 0

    def add(self, thread: Thread) -> None:
        """Add a thread: once, and again for a reader who may succeed.

        One that waits for a reader's turn goes ahead once it is known when the service
        deletes it: a file may have named it before anybody listed it.
        """
        due = thread.deletion_due_on
        if due and thread.id in self.behind:
            self.behind.remove(thread.id)
            self.hurried.add(thread.id)
            heappush(self.expiring, (due, thread.id, thread))
            return
        tried = self.tried.get(thread.id)
        is_lost = thread.state is ThreadState.UNREACHABLE
        if tried is None or (is_lost and thread.readers != tried):
            self.tried[thread.id] = thread.readers
            self.length += 1
            if due:
                heappush(self.expiring, (due, thread.id, thread))
                return
            reader = thread.readers[0] if thread.readers else ""
            self.by_reader.setdefault(reader, deque()).append(thread)
            self.behind.add(thread.id)

    def pop(self) -> Thread:
        """Return what is deleted next, else the next of the reader whose turn it is."""
        self.length -= 1
        if self.expiring:
            return heappop(self.expiring)[-1]
        while (thread := self.next_behind()).id in self.hurried:
            self.hurried.remove(thread.id)
        self.behind.discard(thread.id)
        return thread

    def next_behind(self) -> Thread:
        reader, threads = self.by_reader.popitem(last=False)
        thread = threads.popleft()
        if threads:
            self.by_reader[reader] = threads
        return thread
