"""A loop whose clock jumps: waiting takes no time, and twenty seconds pass at once."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Instead of waiting, lets the time pass that was to be waited."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("nobody will ever wake up again")
            self.now += max(timeout, 0)
        return ready


def run_simulated(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end on simulated time.

    Raises:
        RuntimeError: everything waits and nothing would ever happen: a lost wake-up.

    """
    selector = JumpingSelector()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
