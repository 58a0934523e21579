"""Work that takes a processor's time, done by several processes.

They are started for long work only: each takes half a second until it is of use.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from shared.domain.errors import ArchiverError

MOST = 8
"""Processes: one more would wait for the one that writes."""

Apart = Callable[..., Awaitable[Any]]


class ProcessEnded(ArchiverError):
    """A process that did a part of the work is gone. The text says what to do."""


@contextmanager
def processes() -> Iterator[Apart | None]:
    """Yield what calls a function in another process; None on one processor."""
    count = min(MOST, os.cpu_count() or 1)
    if count == 1:
        yield None
        return
    # A copy of this process would have its threads' locks, and not its threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=begin)

    def apart(call: Callable[..., Any], *arguments: Any) -> Awaitable[Any]:
        return asyncio.get_running_loop().run_in_executor(pool, call, *arguments)

    try:
        yield apart
    except BrokenProcessPool:
        raise ProcessEnded(
            "a process that was started for this was ended, perhaps for want of "
            "memory: run the same command again"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def begin() -> None:
    """Leave Ctrl-C to the process that began this one, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
