"""Threads that wait: each once, and again only for a reader who may succeed."""

import pytest

from shared.domain.inventory.facts import ThreadFound, ThreadState
from shared.domain.inventory.state import Inventory
from shared.usecases.inventory.turns import Turns

THREAD = "19:lost@thread.v2"


@pytest.mark.parametrize("due", ["", "2026-12-01T00:00:00Z"])
def test_a_thread_that_waits_does_not_wait_twice_for_one_more_reader(due):
    """A run that goes on has it wait, as lost before, when another reader is found."""
    inventory, turns = Inventory(), Turns()
    inventory.apply(ThreadFound(THREAD, "8:acs:a", deletion_due_on=due))
    thread = inventory.threads[THREAD]
    lost = thread.done(ThreadState.UNREACHABLE, on="2026-11-22T12:00:00Z")
    inventory.apply(lost)
    turns.add(thread)
    inventory.apply(ThreadFound(THREAD, "8:acs:b"))
    turns.add(thread)

    assert turns.length == 1
    assert turns.pop() is thread
    turns.add(thread)  # lost again, with both readers
    assert turns.length == 0
    inventory.apply(ThreadFound(THREAD, "8:acs:c"))
    turns.add(thread)
    assert turns.length == 1
