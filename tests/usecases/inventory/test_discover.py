"""Sweep-only mode: threads are found by asking the readers, and archived when quiet."""

from datetime import timedelta

import pytest

from builders import ALICE, BOB, THREAD, listed
from fakes.thread_finder import MemoryThreadFinder
from shared.domain import layout
from shared.domain.times import format_time
from shared.usecases.inventory.archivers import PutOnQueue
from shared.usecases.inventory.discover import Discover
from shared.usecases.inventory.settle import Settle
from world import World

QUIET, OPEN = timedelta(hours=24), timedelta(days=7)


class Discovery:
    def __init__(self):
        self.world = World()
        self.finder = MemoryThreadFinder()
        self.discover = Discover(
            finder=self.finder,
            new_archiver=lambda: PutOnQueue(
                queue=self.world.queue,
                sweep_log=self.world.sweep_log,
                clock=self.world.clock,
                by="discovery",
                lets_rest=True,
            ),
            settle=Settle(
                archive=self.world.archive,
                queue=self.world.queue,
                sweep_log=self.world.sweep_log,
                clock=self.world.clock,
            ),
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

    def run_files(self):
        folder = layout.run_folder("discovery")
        every = self.world.control.files.items()
        return {path: data for path, data in every if path.startswith(folder)}

    async def archive(self):
        """Do what is on the queue, as the function app would."""
        while self.world.queue.messages:
            work, _ = self.world.queue.messages.pop(0)
            spoken = self.finder.members[work.thread_id]
            said = [listed(number) for number in range(len(spoken))]
            self.world.chat.shows(work.thread_id, work.readers[0], *said)
            await self.world.finalize(
                work.thread_id, readers=work.readers, relist=work.relist
            )

    def pass_time(self, **time):
        self.world.clock.pass_time(**time)


@pytest.fixture
def discovery():
    return Discovery()


async def test_a_thread_is_archived_at_once_and_then_again_when_it_is_quiet(discovery):
    discovery.somebody_speaks()
    await discovery.sweep()
    assert discovery.world.queued() == [THREAD]
    await discovery.archive()

    discovery.pass_time(hours=2)
    discovery.somebody_speaks()
    assert (await discovery.sweep()).queued == 0
    discovery.pass_time(hours=23)
    assert (await discovery.sweep()).queued == 0
    discovery.pass_time(hours=1)
    assert (await discovery.sweep()).queued == 1
    await discovery.archive()
    discovery.pass_time(days=30)

    assert (await discovery.sweep()).queued == 0
    assert discovery.world.manifest(revision=2)


async def test_a_thread_that_is_never_quiet_is_archived_once_in_a_while(discovery):
    queued = []
    for _ in range(15):
        discovery.somebody_speaks()
        queued.append((await discovery.sweep()).queued)
        await discovery.archive()
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


async def test_what_was_queued_and_never_archived_is_queued_again(discovery):
    discovery.somebody_speaks()
    await discovery.sweep()
    discovery.world.queue.messages.clear()  # it went to the poison queue
    discovery.pass_time(hours=23)
    assert (await discovery.sweep()).queued == 0
    discovery.pass_time(hours=1)
    assert (await discovery.sweep()).queued == 1

    await discovery.archive()
    discovery.pass_time(days=30)
    assert (await discovery.sweep()).queued == 0


async def test_an_archive_is_asked_once_for_each_time_that_a_thread_was_queued(
    discovery,
):
    discovery.somebody_speaks()
    discovery.pass_time(hours=30)
    await discovery.sweep()
    await discovery.archive()
    asked = []
    real = discovery.world.archive.walk

    def walk(prefix=""):
        asked.append(layout.thread_of(prefix))
        return real(prefix)

    discovery.world.archive.walk = walk
    for _ in range(10):
        discovery.pass_time(hours=12)
        assert (await discovery.discover()).queued == 0

    assert asked == [THREAD]


async def test_an_archive_that_cannot_be_read_stops_nobody(discovery):
    discovery.somebody_speaks()
    await discovery.sweep()
    await discovery.archive()
    path = layout.revision_path(THREAD, 1, layout.MANIFEST_FILE)
    discovery.world.archive.files[path] = b"{"
    discovery.pass_time(hours=30)

    swept = await discovery.sweep()

    assert swept.queued == 1
    assert not [one for one in swept.failures if one.startswith("discovery")]


@pytest.mark.parametrize(("is_lost", "is_queued_again"), [(True, 1), (False, 0)])
async def test_an_archive_that_is_older_than_its_message_proves_nothing(
    discovery, is_lost, is_queued_again
):
    world = discovery.world
    discovery.somebody_speaks()
    await discovery.sweep()
    world.chat.shows(THREAD, ALICE, listed(), listed(60_000))
    await world.finalize(THREAD, readers=(ALICE,), relist=True)
    discovery.finder.last[THREAD] = listed(60_000)["createdOn"]
    discovery.pass_time(hours=25)
    world.queue.messages.clear()
    assert (await discovery.sweep()).queued == 1
    ((work, _),) = world.queue.messages
    if not is_lost:
        finalized = await world.handle_work(work, tries=1)
        assert not finalized.written
    world.queue.messages.clear()
    discovery.pass_time(hours=7)

    assert (await discovery.sweep()).queued == is_queued_again


async def test_a_sweep_that_finds_nothing_new_writes_nothing(discovery):
    discovery.somebody_speaks()
    discovery.pass_time(hours=30)
    await discovery.sweep()
    await discovery.archive()
    discovery.pass_time(hours=7)
    await discovery.sweep()
    kept = discovery.run_files()

    for _ in range(10):
        discovery.pass_time(minutes=15)
        await discovery.sweep()
    assert discovery.run_files() == kept

    discovery.finder.refused.add(ALICE)
    await discovery.sweep()
    assert discovery.run_files() != kept
