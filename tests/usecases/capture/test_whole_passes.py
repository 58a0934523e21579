"""The sweep has a thread listed whole when that is due, once, whatever was pruned."""

from datetime import timedelta

import pytest

from builders import ALICE, THREAD, listed, received, thread_created
from shared.domain.errors import Transient
from verifying import verify
from world import World

DAY = 24 * 3_600_000


@pytest.fixture
async def world():
    """A thread that was listed whole on one day, and in a snapshot on the next."""
    world = World(readers=(ALICE,))
    world.chat.page_size = 5
    await world.receive(thread_created(), *map(received, range(10)))
    world.chat.shows(THREAD, ALICE, *map(listed, reversed(range(10))))
    assert (await world.finalize(THREAD)).visibility == "full"
    world.clock.pass_time(days=1)
    await world.receive(received(DAY))
    world.chat.shows(THREAD, ALICE, listed(DAY), *map(listed, reversed(range(10))))
    assert (await world.finalize(THREAD)).visibility == "snapshot"
    return world


async def work_off(world):
    """Do all that waits; return why each thing did."""
    reasons = []
    while world.queue.messages:
        work, _ = world.queue.messages.pop(0)
        reasons.append(work.reason)
        await world.handle_work(work, tries=1)
    return reasons


async def test_a_whole_pass_comes_when_it_is_due_and_only_once(world):
    world.clock.pass_time(days=5, hours=23)
    assert (await world.sweep()).queued == 0
    world.clock.pass_time(hours=1)

    assert (await world.sweep()).queued == 1
    assert (await world.sweep()).queued == 0  # P11
    asked = world.chat.pages_asked
    assert await work_off(world) == ["whole_pass"]
    assert world.chat.pages_asked - asked == 3
    world.clock.pass_time(days=30)
    assert (await world.sweep()).queued == 0

    assert len(world.ledger_lines("revision")) == 2
    assert verify(world.archive) == []


async def test_a_whole_pass_that_finds_something_makes_a_revision(world):
    world.chat.shows(
        THREAD, ALICE, listed(DAY), *map(listed, reversed(range(10))), listed(-1)
    )
    world.clock.pass_time(days=6)
    await world.sweep()

    await work_off(world)

    assert world.transcript(3)["listing"]["visibility"] == "full"
    assert world.transcript(3)["reconciliation"]["backfilled"] == 1
    world.clock.pass_time(days=30)
    assert (await world.sweep()).queued == 0


async def test_a_pass_that_fails_is_made_later(world):
    world.clock.pass_time(days=6)
    await world.sweep()
    world.chat.fails = Transient("throttled")
    with pytest.raises(Transient):
        await work_off(world)
    world.chat.fails = None
    world.clock.pass_time(days=1)

    assert (await world.sweep()).queued == 1
    assert await work_off(world) == ["whole_pass"]
    world.clock.pass_time(days=1)
    assert (await world.sweep()).queued == 0


async def test_a_thread_that_nobody_may_read_any_more_is_asked_for_once(world):
    world.chat.pages.clear()
    world.clock.pass_time(days=6)
    await world.sweep()

    assert await work_off(world) == ["whole_pass"]
    world.clock.pass_time(days=6)
    assert (await world.sweep()).queued == 0
    assert len(world.ledger_lines("revision")) == 2


async def test_a_thread_that_wakes_is_finalized_instead(world):
    world.clock.pass_time(days=5)
    await world.receive(received(6 * DAY))
    world.clock.pass_time(days=1, hours=1)
    await world.sweep()

    assert await work_off(world) == ["quiet"]
    assert (await world.sweep()).queued == 0
    assert (await world.log.thread(THREAD)).whole_pass_due is None


async def test_a_thread_that_never_rests_gets_snapshots(world):
    for day in range(2, 20):
        world.clock.pass_time(hours=23)
        await world.receive(received(day * DAY))
        await world.sweep()

    reasons = await work_off(world)

    assert set(reasons) == {"max_open"}
    assert world.transcript(3)["listing"]["visibility"] == "snapshot"


@pytest.mark.parametrize("superseded", [timedelta(days=1), timedelta(days=30)])
async def test_pruning_leaves_the_marker_of_a_thread_that_has_a_pass_due(
    world, superseded
):
    sweep = world.new_sweep(log_keep=timedelta(days=2), keep_superseded=superseded)
    expected = (await world.log.thread(THREAD)).whole_pass_due
    world.clock.pass_time(days=3)

    assert (await sweep()).pruned_segments == 1
    assert not world.log.blobs
    assert (await world.log.thread(THREAD)).whole_pass_due == expected
    assert (await sweep()).failures == []
    world.clock.pass_time(days=3)
    assert (await sweep()).queued == 1
    assert await work_off(world) == ["whole_pass"]
    world.clock.pass_time(days=60)
    assert (await sweep()).queued == 0
    assert (await world.log.thread(THREAD)).markers == {}
