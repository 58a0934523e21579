import asyncio

from builders import THREAD, received
from shared.usecases.evidence.holds import Holds
from shared.usecases.evidence.ledger import LEASE, CloseLedger
from shared.usecases.evidence.prove import make_checkpoint
from verifying import verify
from world import World


async def days(world, count):
    for number in range(count):
        await world.receive(received(number))
        await world.finalize(THREAD)
        world.clock.pass_time(days=1)


async def test_every_day_that_is_over_is_closed_once_and_chained():
    world = World()
    await days(world, 2)

    assert await world.close_ledger() == 2
    assert await world.close_ledger() == 0
    await days(world, 1)
    assert (await world.sweep()).closed_days == 1

    closed = [line for line in world.ledger_lines() if line["kind"] == "closed"]
    assert [line["day"] for line in closed] == [
        "2026-11-22",
        "2026-11-23",
        "2026-11-24",
    ]
    assert [(line["previous"] or {}).get("day") for line in closed] == [
        None,
        "2026-11-22",
        "2026-11-23",
    ]
    assert (await verify(world.archive))[1] == []


async def test_an_empty_ledger_has_nothing_to_close():
    assert await World().close_ledger() == 0


async def test_only_one_closes_at_a_time():
    world = World()
    await days(world, 2)

    async with world.leases.hold(LEASE):
        assert await world.close_ledger() == 0


async def test_a_day_that_two_close_at_once_is_still_right():
    """A lease may run out under a slow one: both lines are the same."""
    world = World()
    await days(world, 2)

    def closer():
        return CloseLedger(
            archive=world.archive,
            ledger=world.archive,
            leases=type(world.leases)(),
            clock=world.clock,
        )

    await asyncio.gather(closer()(), closer()())

    assert (await verify(world.archive))[1] == []


async def test_a_wrong_clock_adds_nothing_behind_the_end_of_a_day():
    world = World()
    await days(world, 2)
    await world.close_ledger()
    world.clock.pass_time(days=-2)
    holds = Holds(archive=world.archive, ledger=world.archive, clock=world.clock)

    await holds.add(thread_id=THREAD, reason="r", by="b")
    await holds.add(thread_id=THREAD, reason="r2", by="b")

    assert (await verify(world.archive))[1] == []
    assert len((await holds.active()).holds) == 2


async def test_a_broken_ledger_is_told_by_the_sweep_and_stops_nothing_else():
    world = World()
    await days(world, 2)
    (first, _) = (path for path in world.archive.files if path.startswith("ledger/"))
    world.archive.files[first] = b"x" * 70_000
    await world.receive(received(7))
    world.clock.pass_time(days=2)

    swept = await world.sweep()

    assert swept.queued == 1
    assert any("ledger" in failure for failure in swept.failures)


async def test_a_later_head_extends_an_earlier_one():
    world = World()
    heads = []
    for number in range(3):
        await world.receive(received(number))
        await world.finalize(THREAD)
        heads.append(await make_checkpoint(world.archive, "x"))
        world.clock.pass_time(days=1)
        await world.receive(received(10 + number))
        await world.finalize(THREAD)
        heads.append(await make_checkpoint(world.archive, "x"))
        await world.close_ledger()

    assert [one.size for one in heads] == sorted(one.size for one in heads)
    for head in heads:
        assert (await verify(world.archive, checkpoint=head))[1] == []
