"""How a process that runs until it is stopped learns that it is."""

import asyncio
import signal
from contextlib import suppress


def set_on_signals(stopped: asyncio.Event) -> None:
    """Set an event of the running loop at Ctrl-C, or when somebody ends the process."""
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # on Windows it just ends
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stopped.set)
