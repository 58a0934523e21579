"""What a backfill or discovery leaves to the queue, and what becomes of it."""

from dataclasses import replace

import pytest

from builders import ALICE, NOON, listed, received
from fakes.thread_finder import MemoryThreadFinder
from shared.domain.inventory.facts import ThreadFound, ThreadState
from shared.domain.inventory.state import Thread
from shared.domain.log.work import Work
from shared.domain.times import format_time
from shared.usecases.inventory.archivers import PutOnQueue
from shared.usecases.inventory.backfill import Backfill, Seeds
from shared.usecases.inventory.runs import BackfillRun
from shared.usecases.inventory.settle import LOST, Settle
from shared.usecases.inventory.sweep_log import FailedLine, UnreachableLine
from world import World

NAME, ANOTHER = "19:a@thread.v2", "19:b@thread.v2"
FAILED = FailedLine(on=NOON, thread_id=NAME, failures=2, reason="no")
OUT_OF_REACH = UnreachableLine(on=NOON, thread_id=NAME, reason="nobody may")


def backfill_queue(world):
    return PutOnQueue(
        queue=world.queue, sweep_log=world.sweep_log, clock=world.clock, by="backfill"
    )


async def test_what_a_sweep_has_queued_a_backfill_queues_once_more_with_its_readers():
    world = World()
    thread = Thread(NAME, readers=(ALICE,))
    await world.receive(received(threadId=thread.id))
    world.clock.pass_time(hours=25)
    await world.sweep()

    assert (await backfill_queue(world)(thread)).is_put
    assert not (await backfill_queue(world)(thread)).is_put
    (_, (work, _)) = world.queue.messages
    assert (work.readers, work.relist) == ((ALICE,), True)


async def settled(world, thread=NAME):
    """Return what a run finds out about a thread that it has left to the queue."""
    run = BackfillRun(name="estate", log=world.control, files=world.control)
    await run.load()
    await Settle(
        archive=world.archive,
        queue=world.queue,
        sweep_log=world.sweep_log,
        clock=world.clock,
    )(run)
    found = run.inventory.threads[thread]
    return found.state, found.revision, found.reason


async def queue_by_backfill(world, thread=NAME):
    """Queue a thread for a run; return its message."""
    run = BackfillRun(name="estate", log=world.control, files=world.control)
    await run.load()
    found = Thread(thread, readers=(ALICE,))
    await backfill_queue(world)(found)
    await run.record(
        ThreadFound(thread, ALICE),
        found.done(ThreadState.QUEUED, on=format_time(world.clock())),
    )
    return world.queue.messages[-1][0]


async def test_what_waits_on_the_queue_is_not_settled():
    world = World()
    await queue_by_backfill(world)
    world.clock.pass_time(hours=5)

    assert await settled(world) == (ThreadState.QUEUED, 0, "")


async def test_a_message_that_is_gone_without_a_trace_is_a_failure_after_a_while():
    world = World()
    await queue_by_backfill(world)
    world.queue.messages.clear()
    world.clock.pass_time(minutes=10)
    assert (await settled(world))[0] is ThreadState.QUEUED
    world.clock.pass_time(minutes=20)

    assert await settled(world) == (ThreadState.FAILED, 0, LOST)


@pytest.mark.parametrize("is_archived_since", [False, True])
async def test_an_old_archive_does_not_hide_that_a_thread_failed(is_archived_since):
    world = World()
    await world.receive(received(threadId=NAME))
    await world.finalize(NAME)
    world.clock.pass_time(days=30)
    work = await queue_by_backfill(world)
    world.queue.messages.clear()
    world.clock.pass_time(hours=1)
    failure = FailedLine(
        on=world.clock(), thread_id=work.thread_id, failures=1, reason="no"
    )
    await world.sweep_log.record(failure)
    world.clock.pass_time(minutes=1)
    if is_archived_since:
        await world.receive(received(1, threadId=NAME))
        await world.finalize(NAME)

    expected = (
        (ThreadState.ARCHIVED, 2, "")
        if is_archived_since
        else (ThreadState.FAILED, 0, "no")
    )
    assert await settled(world) == expected


async def test_a_message_that_found_nothing_new_is_an_archived_thread():
    world = World()
    await world.receive(received(threadId=NAME))
    await world.finalize(NAME)
    world.clock.pass_time(days=30)
    work = await queue_by_backfill(world)
    world.queue.messages.clear()
    await world.handle_work(work, tries=1)
    world.clock.pass_time(hours=1)

    assert await settled(world) == (ThreadState.ARCHIVED, 1, "")


async def test_a_thread_that_nobody_may_read_is_settled_as_that():
    world = World()
    work = await queue_by_backfill(world)
    world.queue.messages.clear()
    await world.handle_work(work, tries=1)
    world.clock.pass_time(hours=1)

    state, _, reason = await settled(world)
    assert state is ThreadState.UNREACHABLE
    assert "nothing is known" in reason


@pytest.mark.parametrize("line", [FAILED, OUT_OF_REACH])
@pytest.mark.parametrize("lets_rest", [True, False])
async def test_discovery_lets_a_thread_rest_and_a_person_does_not(line, lets_rest):
    world = World()
    await world.sweep_log.record(line)
    put = backfill_queue(world)
    put.lets_rest = lets_rest

    assert (await put(Thread(NAME))).is_put is not lets_rest
    works = [work.failures for work, _ in world.queue.messages]
    assert works == ([] if lets_rest else [2 if line is FAILED else 0])


async def test_what_became_of_an_earlier_message_says_nothing_of_a_later_one():
    world = World()
    await queue_by_backfill(world, ANOTHER)
    world.clock.pass_time(hours=1)
    await world.sweep_log.record(replace(FAILED, on=world.clock()))
    world.clock.pass_time(hours=1)
    await queue_by_backfill(world)
    world.queue.messages.clear()
    world.clock.pass_time(hours=1)

    assert await settled(world) == (ThreadState.FAILED, 0, LOST)


async def test_a_message_that_was_just_taken_is_not_settled_though_others_wait():
    world = World()
    await queue_by_backfill(world)
    world.queue.messages.clear()
    world.clock.pass_time(minutes=15)
    await world.queue.put(Work(thread_id=ANOTHER))

    assert await settled(world) == (ThreadState.QUEUED, 0, "")


async def test_what_the_function_app_archives_at_once_is_no_failure():
    world = World()
    finder = MemoryThreadFinder()
    finder.members[NAME] = [ALICE]
    world.chat.shows(NAME, ALICE, listed())
    put = world.queue.put

    async def put_and_archive(work, **options):
        await put(work, **options)
        world.queue.messages.clear()
        await world.handle_work(work, tries=1)
        world.clock.pass_time(seconds=5)

    async def ask_slowly(thread_id, reader):
        world.clock.pass_time(minutes=5)
        return [ALICE]

    world.queue.put = put_and_archive
    finder.participants_of = ask_slowly
    run = BackfillRun(name="estate", log=world.control, files=world.control)
    await run.load()
    await Backfill(
        run=run,
        finder=finder,
        archiver=backfill_queue(world),
        clock=world.clock,
        follow=True,
    )(Seeds(users=[(ALICE, "users.txt")], threads=()))
    world.clock.pass_time(hours=1)

    assert await settled(world) == (ThreadState.ARCHIVED, 1, "")
