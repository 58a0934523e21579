"""Threads that nobody waits for at the end: a name that no server resolves, say."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class UnwaitedThreads(ThreadPoolExecutor):
    """A loop's executor for what may hang, with a thread for each call.

    A lookup of a name cannot be cancelled. asyncio waits for it when its loop ends, and
    Python once more when it exits: half a minute after the last word was printed.
    """

    def submit(
        self,
        call: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Future[Result]:
        """Call it in a thread of its own."""
        future: Future[Result] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(call(*args, **options))
            except BaseException as error:  # noqa: BLE001 - whoever waits gets it
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for none of them."""
