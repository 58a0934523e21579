"""How a process that runs until it is stopped learns that it is."""

import asyncio
import signal
from contextlib import suppress
from types import FrameType

ENDINGS = ("SIGTERM", "SIGHUP")
"""Sent when somebody ends the process, and when its terminal is closed."""


def set_on_signals(stopped: asyncio.Event) -> None:
    """Set an event of the running loop at Ctrl-C, or when somebody ends the process."""
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # on Windows it just ends
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stopped.set)


def end_as_ctrl_c_does() -> None:
    """Let whatever ends this process raise KeyboardInterrupt, so that it cleans up."""
    for number in endings():
        signal.signal(number, interrupt_once)


def interrupt_once(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    # A shell passes on what the terminal has sent already: cleaning up goes on.
    for each in endings():
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def endings() -> list[signal.Signals]:
    return [signal.Signals[name] for name in ENDINGS if hasattr(signal, name)]
