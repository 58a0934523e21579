import asyncio
import threading
from itertools import count

import pytest

from shared.usecases.evidence import beside
from shared.usecases.evidence.beside import BLOCK_BYTES, HEAVY, MUCH_BYTES, Beside


@pytest.fixture(params=[0, MUCH_BYTES - 1, MUCH_BYTES, MUCH_BYTES * 50])
def size(request):
    return request.param


async def test_only_much_work_leaves_the_loop(size):
    thread = await Beside()(size, threading.get_ident)

    assert (thread != threading.get_ident()) == (size >= MUCH_BYTES)


async def test_each_item_comes_once_and_in_order(size):
    items = iter(["", "b", None, "d"])

    assert [item async for item in Beside().each(size, items)] == ["", "b", None, "d"]


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b""],
        [b"a", b"", b"c"],
        [b"x" * (BLOCK_BYTES - 1), b"yz", b"", b"w" * (2 * BLOCK_BYTES), b"v"],
    ],
)
async def test_blocks_hold_the_bytes_of_the_parts_and_no_block_is_empty(size, parts):
    blocks = [block async for block in Beside().blocks(size, iter(parts))]

    assert b"".join(blocks) == b"".join(parts)
    assert all(blocks)
    assert all(len(block) >= BLOCK_BYTES for block in blocks[:-1])


async def test_parts_are_made_as_they_are_asked_for(size):
    made = count()

    def parts():
        while True:
            next(made)
            yield bytes(BLOCK_BYTES)

    async for _ in Beside().blocks(size, parts()):
        break

    assert next(made) == 1


async def test_an_error_reaches_who_asked(size):
    def parts():
        yield bytes(BLOCK_BYTES)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        _ = [block async for block in Beside().blocks(size, parts())]


async def test_who_no_longer_waits_keeps_the_place_until_the_work_is_done():
    go_on, running = threading.Event(), threading.Semaphore(0)

    def work():
        running.release()
        go_on.wait(timeout=30)

    shared = Beside()
    given_up = [asyncio.create_task(shared(MUCH_BYTES, work)) for _ in range(HEAVY)]
    while running._value < HEAVY:
        await asyncio.sleep(0.01)
    for task in given_up:
        task.cancel()
    await asyncio.gather(*given_up, return_exceptions=True)
    another = asyncio.create_task(shared(MUCH_BYTES, work))
    await asyncio.sleep(0.05)  # it would have begun by now

    assert running._value == HEAVY
    go_on.set()
    await another


async def test_all_that_share_it_are_bounded_together():
    lock, now, most = threading.Lock(), 0, 0
    go_on = threading.Event()

    def work():
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        go_on.wait(timeout=30)
        with lock:
            now -= 1

    shared = Beside()
    tasks = [asyncio.create_task(shared(MUCH_BYTES, work)) for _ in range(HEAVY * 3)]
    while most < HEAVY:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)  # a third one would have begun by now
    go_on.set()
    await asyncio.gather(*tasks)

    assert most == HEAVY
    assert beside.HEAVY == 2
