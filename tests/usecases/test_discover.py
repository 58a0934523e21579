"""Sweep-only mode: threads are found by asking the readers, and archived when quiet."""

from datetime import timedelta

import pytest

from builders import ALICE, BOB, THREAD
from fakes.thread_finder import MemoryThreadFinder
from shared.domain.times import format_time
from shared.usecases.backfill import PutOnQueue
from shared.usecases.discover import Discover
from world import World

QUIET, OPEN = timedelta(hours=24), timedelta(days=7)


class Discovery:
    def __init__(self):
        self.world = World()
        self.finder = MemoryThreadFinder()
        self.discover = Discover(
            finder=self.finder,
            archiver=PutOnQueue(queue=self.world.queue),
            log=self.world.control,
            files=self.world.control,
            leases=self.world.leases,
            clock=self.world.clock,
            reader_ids=[ALICE, BOB],
            quiet_for=QUIET,
            max_open=OPEN,
        )
        self.sweep = self.world.new_sweep(discover=self.discover)

    def somebody_speaks(self, thread=THREAD, reader=ALICE):
        now = format_time(self.world.clock())
        self.finder.members.setdefault(thread, []).append(reader)
        self.finder.last[thread] = now

    def pass_time(self, **time):
        self.world.clock.pass_time(**time)


@pytest.fixture
def discovery():
    return Discovery()


async def test_a_thread_is_archived_at_once_and_then_again_when_it_is_quiet(discovery):
    discovery.somebody_speaks()
    await discovery.sweep()
    assert discovery.world.queued() == [THREAD]

    discovery.pass_time(hours=2)
    discovery.somebody_speaks()
    assert (await discovery.sweep()).queued == 0
    discovery.pass_time(hours=23)
    assert (await discovery.sweep()).queued == 0
    discovery.pass_time(hours=1)
    assert (await discovery.sweep()).queued == 1
    discovery.pass_time(days=30)

    assert (await discovery.sweep()).queued == 0
    assert discovery.world.queued() == [THREAD, THREAD]


async def test_a_thread_that_is_never_quiet_is_archived_once_in_a_while(discovery):
    queued = []
    for _ in range(15):
        discovery.somebody_speaks()
        queued.append((await discovery.sweep()).queued)
        discovery.pass_time(hours=20)

    assert queued == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


async def test_the_work_names_who_may_read_and_asks_the_service_anew(discovery):
    discovery.somebody_speaks(reader=BOB)

    await discovery.sweep()

    ((work, _),) = discovery.world.queue.messages
    assert (work.readers, work.relist) == ((BOB,), True)


async def test_a_reader_who_is_refused_is_a_failure_and_stops_nobody(discovery):
    discovery.finder.refused.add(BOB)
    discovery.somebody_speaks()

    swept = await discovery.sweep()

    assert swept.queued == 1
    assert [one for one in swept.failures if BOB in one]


async def test_a_sweep_that_another_one_keeps_out_finds_nothing(discovery):
    discovery.somebody_speaks()

    async with discovery.world.leases.hold("leases/runs/discovery"):
        swept = await discovery.sweep()

    assert (swept.queued, swept.failures) == (0, [])
