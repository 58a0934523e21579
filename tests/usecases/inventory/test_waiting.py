"""Queued once, done or named (P11): a simulation of days, with kills and losses."""

import random
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest

from builders import NOON, received
from shared.domain import layout
from shared.domain.errors import Transient, Unreachable
from shared.domain.inventory.facts import ThreadState, encode_fact
from shared.domain.inventory.state import Thread
from shared.domain.log.work import Work
from shared.usecases.inventory.runs import BackfillRun
from shared.usecases.inventory.sweep_log import (
    BeganLine,
    FailedLine,
    FinalizedLine,
    QueuedLine,
    SweepLine,
    UnreachableLine,
    decode_line,
    encode_line,
)
from shared.usecases.inventory.waiting import LONGEST_REST, SWEEP, look
from world import World

THREADS = [f"19:{number:03}@thread.v2" for number in range(40)]
EVERY = timedelta(minutes=15)


class Killed(BaseException):
    """The process is gone; no handler runs."""


class Simulation:
    """A world whose sweeps come every quarter of an hour, and whose queue is worked on."""

    def __init__(self, seed=0, *, lost=0.0, killed=0.0):
        self.world = World(formats=("json",))
        self.chance = random.Random(seed)
        self.lost, self.killed = lost, killed
        self.handled = dict.fromkeys(THREADS, 0)
        self.tries = {}

    async def speak(self, threads=THREADS):
        for thread in threads:
            await self.world.receive(received(threadId=thread))

    async def sweep(self):
        """Sweep; it may be killed after any of its puts."""
        world, put = self.world, self.world.queue.put
        left = self.chance.randrange(60) if self.chance.random() < self.killed else None

        async def put_or_die(work, **options):
            nonlocal left
            if left is not None:
                left -= 1
                if left < 0:
                    raise Killed
            await put(work, **options)

        world.queue.put = put_or_die
        try:
            await world.sweep()
        except Killed:
            pass
        finally:
            world.queue.put = put

    async def work(self, most=16):
        """Take messages off the queue, as the host does; some are lost on the way."""
        messages = self.world.queue.messages
        for _ in range(min(most, len(messages))):
            work, _ = messages.pop(0)
            self.handled[work.thread_id] += 1
            if self.chance.random() >= self.lost:
                await self.world.handle_work(work, tries=1)

    async def pass_time(self, time, *, working=True):
        until = self.world.clock() + time
        while self.world.clock() < until:
            self.world.clock.pass_time(minutes=15)
            await self.sweep()
            if working:
                await self.work()

    @property
    def archived(self):
        paths = self.world.archive.files
        return {
            thread
            for thread in THREADS
            if layout.revision_path(thread, 1, layout.MANIFEST_FILE) in paths
        }


async def test_an_outage_of_two_days_gives_one_message_a_thread():
    simulation = Simulation()
    await simulation.speak()

    await simulation.pass_time(timedelta(days=3), working=False)
    assert len(simulation.world.queue.messages) == len(THREADS)
    await simulation.pass_time(timedelta(hours=6))

    assert simulation.archived == set(THREADS)
    assert set(simulation.handled.values()) == {1}


async def test_a_backlog_of_sixteen_sweeps_is_handled_once():
    simulation = Simulation()
    await simulation.speak()
    simulation.world.clock.pass_time(hours=24)

    for _ in range(16):
        simulation.world.clock.pass_time(minutes=15)
        await simulation.sweep()
        await simulation.work(most=3)
    await simulation.pass_time(timedelta(hours=3))

    assert simulation.archived == set(THREADS)
    assert set(simulation.handled.values()) == {1}


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_lost_or_killed_is_queued_again_until_it_is_archived(seed):
    simulation = Simulation(seed, lost=0.2, killed=0.3)
    await simulation.speak()

    await simulation.pass_time(timedelta(days=2))

    assert simulation.archived == set(THREADS)
    assert sum(simulation.handled.values()) < 3 * len(THREADS)


async def test_a_thread_that_was_archived_is_queued_at_once_for_what_came_since():
    simulation = Simulation()
    (thread,) = THREADS[:1]
    await simulation.speak([thread])
    simulation.world.clock.pass_time(hours=24)
    await simulation.sweep()
    await simulation.work()

    await simulation.world.receive(received(60_000, threadId=thread))
    simulation.world.log.age(modified_on=NOON)  # quiet again in no time
    await simulation.sweep()

    assert simulation.world.queued() == [thread]


async def test_what_is_under_way_is_not_queued_again_and_what_died_is():
    simulation = Simulation(lost=1.0)
    (thread,) = THREADS[:1]
    await simulation.speak([thread])
    simulation.world.clock.pass_time(hours=24)
    await simulation.sweep()
    await simulation.work()  # taken, and the process that took it dies

    for _ in range(4):
        simulation.world.clock.pass_time(minutes=4)
        await simulation.sweep()
        assert simulation.world.queued() == []
    simulation.world.clock.pass_time(minutes=5)
    await simulation.sweep()

    assert simulation.world.queued() == [thread]


async def test_what_was_lost_is_queued_again_though_others_still_wait():
    simulation = Simulation()
    lost, waits = THREADS[:2]
    await simulation.speak([lost])
    simulation.world.clock.pass_time(hours=1)
    await simulation.speak([waits])
    simulation.world.clock.pass_time(hours=23)
    await simulation.sweep()
    assert simulation.world.queued() == [lost]
    simulation.world.queue.messages.clear()

    await simulation.pass_time(timedelta(hours=1), working=False)
    simulation.world.queue.messages[:] = [
        message
        for message in simulation.world.queue.messages
        if message[0].thread_id == waits
    ]
    await simulation.sweep()

    assert sorted(simulation.world.queued()) == [lost, waits]


async def test_a_backfill_that_queued_last_keeps_no_sweep_from_the_threads_before():
    world = World()
    await world.receive(received(threadId=THREADS[0]))
    world.clock.pass_time(hours=25)
    await world.sweep_log.record_queued("backfill", THREADS[5:6])

    assert (await world.sweep()).queued == 1


async def test_a_thread_that_fails_rests_longer_each_time_up_to_a_day(monkeypatch):
    world = World()
    (thread,) = THREADS[:1]
    await world.receive(received(threadId=thread))
    world.clock.pass_time(hours=24)
    poisoned = []

    async def fail(_):
        raise Transient("always")

    monkeypatch.setattr(world.log, "thread", fail)
    threads = [one async for one in world_threads(world)]
    monkeypatch.setattr(world.log, "threads", lambda: every(threads))
    for _ in range(4 * 24 * 8):
        world.clock.pass_time(minutes=15)
        await world.sweep()
        while world.queue.messages:
            work, _ = world.queue.messages.pop()
            with pytest.raises(Transient):
                await world.handle_work(work, tries=5)
            poisoned.append((world.clock() - NOON).total_seconds() / 3600)

    rests = [later - sooner for sooner, later in pairwise(poisoned)]
    assert rests[:5] == pytest.approx([1, 2, 4, 8, 16], abs=0.3)
    assert rests[5:]
    assert all(rest == pytest.approx(24, abs=0.3) for rest in rests[5:])


async def world_threads(world):
    for thread in THREADS[:1]:
        yield await type(world.log).thread(world.log, thread)


async def every(threads):
    for thread in threads:
        yield thread


async def test_a_thread_that_kills_its_finalizer_rests_though_nobody_names_it():
    simulation = Simulation(lost=1.0)
    await simulation.speak(THREADS[:1])
    simulation.world.clock.pass_time(hours=25)

    await simulation.pass_time(timedelta(days=1))

    assert 5 <= simulation.handled[THREADS[0]] <= 8


async def test_a_thread_that_speaks_all_day_is_archived_each_time():
    simulation = Simulation()
    for _ in range(8):
        await simulation.speak(THREADS[:1])
        await simulation.pass_time(timedelta(hours=25))

    assert simulation.handled[THREADS[0]] == 8


async def test_a_failure_before_the_last_try_is_not_recorded(monkeypatch):
    world = World()

    async def fail(*_, **__):
        raise Transient("once")

    monkeypatch.setattr(type(world.finalize), "__call__", fail)
    with pytest.raises(Transient):
        await world.handle_work(Work(thread_id=THREADS[0]), tries=4)

    assert world.control.files == {}


async def test_an_error_nobody_foresaw_is_recorded_without_its_text(monkeypatch):
    world = World()

    async def fail(*_, **__):
        raise ValueError("SECRET")

    monkeypatch.setattr(type(world.finalize), "__call__", fail)
    with pytest.raises(ValueError, match="SECRET"):
        await world.handle_work(Work(thread_id=THREADS[0], failures=2), tries=5)

    (line,) = [line async for line in world.sweep_log.since(NOON)]
    assert isinstance(line, FailedLine)
    assert line.failures == 3
    assert "SECRET" not in line.reason
    assert "ValueError" in line.reason


async def test_a_thread_nobody_may_read_is_acknowledged_and_recorded():
    world = World()

    await world.handle_work(Work(thread_id=THREADS[0]), tries=1)

    (line,) = [line async for line in world.sweep_log.since(NOON)]
    assert isinstance(line, UnreachableLine)
    assert "no reader is configured" in line.reason
    with pytest.raises(Unreachable):
        await world.finalize(THREADS[0])


async def test_a_message_that_meets_a_held_lease_comes_back():
    world = World()
    work = Work(thread_id=THREADS[0], reason="backfill", relist=True, failures=1)

    async with world.leases.hold(layout.lease_path(THREADS[0])):
        finalized = await world.handle_work(work, tries=5)

    assert not finalized.written
    ((back, delay),) = world.queue.messages
    assert back == work
    assert timedelta(seconds=60) < delay < timedelta(minutes=2)


async def test_a_sweep_that_was_stopped_goes_on_where_it_was():
    world = World()
    for thread in THREADS[:4]:
        await world.receive(received(threadId=thread))
    world.clock.pass_time(hours=25)
    stopped = QueuedLine(on=world.clock(), by=SWEEP, thread_ids=tuple(THREADS[:2]))
    await world.sweep_log.record(stopped)

    assert (await world.sweep()).queued == 2
    assert world.queued() == THREADS[2:4]
    world.clock.pass_time(minutes=30)
    world.queue.messages.clear()
    assert (await world.sweep()).queued == 4


async def test_a_sweep_that_is_stopped_after_its_last_thread_sees_all_again():
    world = World()

    async def discover():
        raise Killed

    for thread in THREADS[:2]:
        await world.receive(received(threadId=thread))
    world.clock.pass_time(hours=25)
    stopped = world.new_sweep(discover=discover)
    seen = []
    for _ in range(3):
        with suppress(Killed):
            await stopped()
        seen.append(world.queued())
        world.queue.messages.clear()  # taken, and lost
        world.clock.pass_time(minutes=30)

    assert seen == [THREADS[:2], [], THREADS[:2]]


async def test_without_the_sweep_log_everything_due_is_queued_once_more():
    world = World()
    await world.receive(received(threadId=THREADS[0]))
    world.clock.pass_time(hours=25)
    await world.sweep()
    world.control.files.clear()

    assert (await world.sweep()).queued == 1
    assert (await world.sweep()).queued == 0


async def test_what_a_backfill_queued_no_sweep_queues_again():
    world = World()
    await world.receive(received(threadId=THREADS[0]))
    world.clock.pass_time(hours=25)
    await world.queue.put(Work(thread_id=THREADS[0], reason="backfill"))
    await world.sweep_log.record_queued("backfill", THREADS[:1])

    assert (await world.sweep()).queued == 0
    waiting = await look(world.queue, world.sweep_log, world.clock())
    assert waiting.holds(THREADS[0])
    assert not waiting.holds(THREADS[1])


def test_the_longest_rest_is_a_day():
    assert timedelta(days=1) == LONGEST_REST


async def test_full_segments_are_read_before_those_that_follow_them():
    world = World()
    stem = layout.sweeps_stem(NOON.date())
    for roll in (0, 1, 2, 10):
        line = FailedLine(on=NOON, thread_id="19:x", failures=roll, reason="why")
        world.control.files[layout.segment_path(stem, roll)] = encode_line(line)
        run = layout.segment_path(layout.run_stem("estate"), roll)
        done = Thread("19:x").done(ThreadState.ARCHIVED, on="", revision=roll)
        world.control.files[run] = encode_fact(done)

    found = [line.failures async for line in world.sweep_log.since(NOON)]
    run = BackfillRun(name="estate", log=world.control, files=world.control)

    assert found == [0, 1, 2, 10]
    assert (await run.load()).threads["19:x"].revision == 10


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"torn",
        b"[]",
        b'{"schema":1,"kind":"failed","on":"2026-11-22T12:00:00Z"}',
        b'{"schema":1,"kind":"queued","on":"soon","by":"sweep","thread_ids":[]}',
        b'{"schema":1,"kind":"queued","on":"2026-11-22T12:00:00Z","by":"x","thread_ids":7}',
        b'{"schema":1,"kind":"unheard of","on":"2026-11-22T12:00:00Z"}',
        b'{"schema":1,"kind":"sweep","on":"2026-11-22T12:00:00Z","threads":"many"}',
    ],
)
def test_a_line_that_cannot_be_read_is_left_out(line):
    assert decode_line(line) is None


@pytest.mark.parametrize("kept", [0, 1, 12, 40, -3, -1])
async def test_a_torn_line_hides_none_behind_it(kept):
    world = World()
    torn, next_, last = (
        FailedLine(on=NOON, thread_id="19:x", failures=number, reason="why")
        for number in (1, 2, 3)
    )
    path = f"{layout.sweeps_stem(NOON.date())}.jsonl"
    world.control.files[path] = (
        encode_line(torn)[:kept] + encode_line(next_) + encode_line(last)
    )

    found = [line async for line in world.sweep_log.since(NOON)]

    # Where only its LF is missing, the line is whole.
    assert found == ([torn, next_, last] if kept == -1 else [next_, last])


def test_every_line_is_read_back_as_it_was_written():
    lines = [
        QueuedLine(on=NOON, by="x", thread_ids=("19:a", "19:b")),
        FailedLine(on=NOON, thread_id="19:a", failures=2, reason="why"),
        UnreachableLine(on=NOON, thread_id="19:a", reason="why"),
        BeganLine(on=NOON),
        FinalizedLine(on=NOON, thread_id="19:a", revision=3),
        SweepLine(
            on=NOON, threads=1, queued=2, closed_blobs=3, pruned_segments=4, failures=5,
            next_due_on=NOON, python="3.13.0", lock="ab",
        ),
        SweepLine(
            on=NOON, threads=0, queued=0, closed_blobs=0, pruned_segments=0, failures=0
        ),
    ]  # fmt: skip

    assert [decode_line(encode_line(line).rstrip()) for line in lines] == lines


async def test_a_held_lease_that_cannot_be_waited_for_is_named_at_the_last_try(
    monkeypatch,
):
    world = World()

    async def fail(work, **options):
        raise Transient("no queue")

    monkeypatch.setattr(world.queue, "put", fail)
    async with world.leases.hold(layout.lease_path(THREADS[0])):
        with pytest.raises(Transient):
            await world.handle_work(Work(thread_id=THREADS[0]), tries=5)

    waiting = await look(world.queue, world.sweep_log, world.clock())
    assert waiting.failures(THREADS[0]) == 1


NAME = THREADS[0]
QUEUED = QueuedLine(on=NOON, by=SWEEP, thread_ids=(NAME,))
FAILED = FailedLine(on=NOON, thread_id=NAME, failures=2, reason="no")
OUT_OF_REACH = UnreachableLine(on=NOON, thread_id=NAME, reason="nobody may")
FINALIZED = FinalizedLine(on=NOON, thread_id=NAME, revision=1)
LATER = NOON + timedelta(minutes=1)


async def waiting_after(*lines):
    world = World()
    for line in lines:
        await world.sweep_log.record(line)
    return await look(world.queue, world.sweep_log, NOON + timedelta(minutes=2))


async def test_an_archive_made_since_ends_the_rest_after_a_failure():
    waiting = await waiting_after(FAILED)

    assert waiting.rests(NAME)
    assert waiting.failures(NAME) == 2
    assert not waiting.rests(NAME, LATER)
    assert waiting.failures(NAME, LATER) == 0


@pytest.mark.parametrize("outcome", [FAILED, OUT_OF_REACH, FINALIZED])
async def test_what_has_an_outcome_waits_no_more(outcome):
    assert (await waiting_after(QUEUED)).holds(NAME)
    assert not (await waiting_after(QUEUED, outcome)).holds(NAME)


async def test_a_thread_that_was_finalized_rests_no_more():
    waiting = await waiting_after(FAILED, OUT_OF_REACH, FINALIZED)

    assert not waiting.rests(NAME)
    assert not waiting.is_out_of_reach(NAME)


async def test_only_what_was_queued_for_nothing_counts_as_unheard_of():
    assert (await waiting_after(*[QUEUED] * 3)).rests(NAME)
    assert not (await waiting_after(*[QUEUED] * 2)).rests(NAME)
    assert not (await waiting_after(*[QUEUED] * 3)).rests(NAME, LATER)
    assert not (await waiting_after(*[QUEUED] * 2, FINALIZED, QUEUED)).rests(NAME)


async def test_a_sweeps_message_needs_no_line_for_its_outcome():
    world = World()
    await world.receive(received(threadId=NAME))
    await world.handle_work(Work(thread_id=NAME), tries=1)

    assert [line async for line in world.sweep_log.since(NOON)] == []
