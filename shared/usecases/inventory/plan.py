"""A plan: what a backfill would do, before it does it.

The service does not say how long a thread is. The sequence number of its newest message
comes close (every message, edit and deletion takes one), so some threads, spread over
the estate, are asked for theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.errors import ArchiverError
from shared.domain.inventory.state import FINISHED, Inventory, Thread
from shared.ports.thread_finder import ThreadFinder

SAMPLE = 50
PAGE = 200
CALLS_A_THREAD = 4
"""Properties, participants, read receipts, and the first page of messages."""
SECONDS_A_CALL = 0.1
"""What a call takes from nearby, waiting included: a guess, said to be one."""
TOKENS_A_SECOND = 1000 / 30
BYTES_A_THREAD = 12_000
BYTES_A_MESSAGE = 4_500
"""What the default formats take, measured on chats of short messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPlan:
    """What is to do. All but users, threads and sampled are estimates."""

    users: int
    threads: int
    sampled: int
    messages: int
    calls: int
    seconds: float
    bytes: int
    expiring: int = 0
    """Threads that their retention policy has deleted."""
    first_deletion_on: str = ""


async def plan(
    inventory: Inventory, finder: ThreadFinder, *, concurrency: int
) -> BackfillPlan:
    """Estimate what archiving the threads that are not archived yet would take."""
    due = [
        thread for thread in inventory.threads.values() if thread.state not in FINISHED
    ]
    lengths = [
        length
        for thread in spread(due, SAMPLE)
        if (length := await length_of(thread, finder)) is not None
    ]
    usual = sum(lengths) / len(lengths) if lengths else 0
    messages = round(usual * len(due))
    pages = sum(length // PAGE for length in lengths) / len(lengths) if lengths else 0
    calls = round(len(due) * (CALLS_A_THREAD + pages * 2))
    readers = {thread.readers[0] for thread in due if thread.readers}
    deletions = sorted(filter(None, (thread.deletion_due_on for thread in due)))
    return BackfillPlan(
        users=len(inventory.users),
        threads=len(due),
        sampled=len(lengths),
        messages=messages,
        calls=calls + len(readers),
        seconds=max(
            calls * SECONDS_A_CALL / concurrency, len(readers) / TOKENS_A_SECOND
        ),
        bytes=len(due) * BYTES_A_THREAD + messages * BYTES_A_MESSAGE,
        expiring=len(deletions),
        first_deletion_on=deletions[0] if deletions else "",
    )


def spread(threads: Sequence[Thread], most: int) -> Sequence[Thread]:
    """Return so many at most, evenly from all of them."""
    step = max(1, -(-len(threads) // most))
    return threads[::step]


async def length_of(thread: Thread, finder: ThreadFinder) -> int | None:
    """Return about how many messages a thread has; None where no reader may see it."""
    for reader in thread.readers:
        try:
            return await finder.newest_sequence(thread.id, reader)
        except ArchiverError:
            continue
    return None
