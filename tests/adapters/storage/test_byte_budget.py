import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.storage.byte_budget import Room


async def test_there_is_room_until_there_is_none():
    room = Room(10)

    assert room.take(6)
    assert room.take(4)
    assert not room.take(1)
    room.give_back(4)
    assert room.take(4)


async def test_who_waits_is_let_in_in_turn():
    room = Room(10)
    order = []

    async def come(name, amount):
        if not room.take(amount):
            await room.wait(amount)
        order.append(name)

    assert room.take(10)
    waiting = [
        asyncio.create_task(come(*one)) for one in (("a", 8), ("b", 5), ("c", 1))
    ]
    await asyncio.sleep(0)
    assert not room.take(1)  # nobody overtakes
    room.give_back(10)
    await asyncio.sleep(0)
    assert order == ["a"]
    room.give_back(8)
    await asyncio.gather(*waiting)

    assert order == ["a", "b", "c"]
    assert room.used == 6


async def test_what_is_larger_than_the_room_is_let_in_alone():
    room = Room(10)

    assert room.take(99)
    assert not room.take(1)
    room.give_back(99)
    assert room.take(1)
    assert not room.take(99)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_who_gives_up_takes_nothing(when):
    room = Room(10)
    assert room.take(10)
    first, second = (asyncio.create_task(room.wait(10)) for _ in range(2))
    await asyncio.sleep(0)

    if when == "after":  # let in, but not yet told
        room.give_back(10)
        first.cancel()
    else:
        first.cancel()
        room.give_back(10)
    await asyncio.gather(first, return_exceptions=True)
    await second

    assert room.used == 10


@given(
    amounts=st.lists(st.integers(1, 15), max_size=30),
    cancelled=st.sets(st.integers(0, 29)),
)
def test_everybody_gets_in_and_the_room_is_empty_in_the_end(amounts, cancelled):
    async def run():
        room = Room(10)
        got_in = 0

        async def visit(amount):
            nonlocal got_in
            if not room.take(amount):
                await room.wait(amount)
            got_in += 1
            try:
                assert room.used <= max(10, amount)
                await asyncio.sleep(0)
            finally:
                room.give_back(amount)

        tasks = [asyncio.create_task(visit(amount)) for amount in amounts]
        await asyncio.sleep(0)
        for index in cancelled:
            if index < len(tasks):
                tasks[index].cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks, return_exceptions=True)
        assert got_in >= len(amounts) - len(cancelled)
        assert room.used == 0
        assert not room.queue

    asyncio.run(run())
