import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.storage.byte_budget import ByteBudget


async def test_there_is_room_until_there_is_none():
    budget = ByteBudget(10)

    assert budget.try_acquire(6)
    assert budget.try_acquire(4)
    assert not budget.try_acquire(1)
    budget.release(4)
    assert budget.try_acquire(4)


async def test_who_waits_is_let_in_in_turn():
    budget = ByteBudget(10)
    order = []

    async def come(name, amount):
        if not budget.try_acquire(amount):
            await budget.acquire(amount)
        order.append(name)

    assert budget.try_acquire(10)
    waiting = [
        asyncio.create_task(come(*one)) for one in (("a", 8), ("b", 5), ("c", 1))
    ]
    await asyncio.sleep(0)
    assert not budget.try_acquire(1)  # nobody overtakes
    budget.release(10)
    await asyncio.sleep(0)
    assert order == ["a"]
    budget.release(8)
    await asyncio.gather(*waiting)

    assert order == ["a", "b", "c"]
    assert budget.used == 6


async def test_what_is_larger_than_the_room_is_let_in_alone():
    budget = ByteBudget(10)

    assert budget.try_acquire(99)
    assert not budget.try_acquire(1)
    budget.release(99)
    assert budget.try_acquire(1)
    assert not budget.try_acquire(99)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_who_gives_up_takes_nothing(when):
    budget = ByteBudget(10)
    assert budget.try_acquire(10)
    first, second = (asyncio.create_task(budget.acquire(10)) for _ in range(2))
    await asyncio.sleep(0)

    if when == "after":  # let in, but not yet told
        budget.release(10)
        first.cancel()
    else:
        first.cancel()
        budget.release(10)
    await asyncio.gather(first, return_exceptions=True)
    await second

    assert budget.used == 10


@given(
    amounts=st.lists(st.integers(1, 15), max_size=30),
    cancelled=st.sets(st.integers(0, 29)),
)
def test_everybody_gets_in_and_the_room_is_empty_in_the_end(amounts, cancelled):
    async def run():
        budget = ByteBudget(10)
        got_in = 0

        async def visit(amount):
            nonlocal got_in
            if not budget.try_acquire(amount):
                await budget.acquire(amount)
            got_in += 1
            try:
                assert budget.used <= max(10, amount)
                await asyncio.sleep(0)
            finally:
                budget.release(amount)

        tasks = [asyncio.create_task(visit(amount)) for amount in amounts]
        await asyncio.sleep(0)
        for index in cancelled:
            if index < len(tasks):
                tasks[index].cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks, return_exceptions=True)
        assert got_in >= len(amounts) - len(cancelled)
        assert budget.used == 0
        assert not budget.queue

    asyncio.run(run())
