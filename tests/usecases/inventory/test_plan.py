"""A plan says what is ahead, from some threads that are spread over all."""

import pytest

from builders import ALICE, BOB
from fakes.thread_finder import MemoryThreadFinder
from shared.domain.inventory.facts import ThreadFound, ThreadState, UserMet
from shared.domain.inventory.state import Inventory, Thread
from shared.usecases.inventory.plan import SAMPLE, plan, spread


def estate_of(count, reader=ALICE):
    inventory = Inventory()
    inventory.apply(UserMet(reader, "users.txt"))
    for number in range(count):
        inventory.apply(ThreadFound(f"19:{number}", reader))
    return inventory


async def test_what_is_archived_already_is_not_ahead():
    inventory = estate_of(10)
    done = Thread("19:0").done(ThreadState.ARCHIVED, on="", revision=1)
    inventory.apply(done)

    planned = await plan(inventory, MemoryThreadFinder(), concurrency=16)

    assert (planned.users, planned.threads) == (1, 9)
    assert planned.messages == 90  # the fake says ten of each
    assert planned.calls == 9 * 4 + 1
    assert planned.bytes > 0


async def test_a_large_estate_is_sampled():
    planned = await plan(estate_of(1000), MemoryThreadFinder(), concurrency=16)

    assert planned.sampled <= SAMPLE
    assert planned.messages == 10_000


@pytest.mark.parametrize("count", [0, 3])
async def test_an_estate_that_nobody_may_look_into_has_no_estimate(count):
    finder = MemoryThreadFinder()
    finder.refused.add(BOB)

    planned = await plan(estate_of(count, BOB), finder, concurrency=16)

    assert (planned.threads, planned.sampled, planned.messages) == (count, 0, 0)


def test_a_sample_is_spread_over_all():
    threads = [Thread(str(number)) for number in range(100)]

    assert [one.id for one in spread(threads, 4)] == ["0", "25", "50", "75"]
    assert spread(threads[:3], 4) == threads[:3]
