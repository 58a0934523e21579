"""Threads that nobody waits for."""

import asyncio
import threading
import time

import pytest

from shared.bootstrap.unwaited import UnwaitedThreads


async def with_threads(call):
    loop = asyncio.get_running_loop()
    loop.set_default_executor(UnwaitedThreads())
    return await asyncio.wait_for(loop.run_in_executor(None, call), 0.2)


def test_a_call_that_hangs_holds_up_no_end():
    ended = threading.Event()
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        asyncio.run(with_threads(lambda: ended.wait(30)))

    assert time.monotonic() - started < 5
    ended.set()


def test_what_a_call_returns_or_raises_arrives():
    assert asyncio.run(with_threads(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(with_threads(lambda: 1 / 0))
