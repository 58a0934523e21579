"""A small server of this machine, in a thread of its own."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from aiohttp import web

from local.signals import end_as_ctrl_c_does


class Server(Protocol):
    """A server that runs, and where."""

    address: str


def run_until_ctrl_c(
    serve: Callable[[int], AbstractContextManager[Server]], port: int, about: str
) -> int:
    """Run a server on the port of the command line, else on `port`; return 0."""
    end_as_ctrl_c_does()
    try:
        with serve(int(sys.argv[1]) if len(sys.argv) > 1 else port) as server:
            print(f"Serving {server.address}, on this machine only.", flush=True)
            print(f"{about} Ctrl-C stops it.")
            threading.Event().wait()
    except KeyboardInterrupt:
        pass
    return 0


@contextmanager
def served(app: web.Application, port: int = 0) -> Iterator[str]:
    """Serve an application on 127.0.0.1 until the block ends; yield its address.

    Raises:
        OSError: the port cannot be used.

    """
    loop = asyncio.new_event_loop()
    is_open, is_over = threading.Event(), asyncio.Event()
    found: list[str | OSError] = []

    async def serve() -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            found.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        except OSError as error:
            found.append(error)
            return
        finally:
            is_open.set()
        await is_over.wait()
        await runner.cleanup()
        await asyncio.sleep(0)  # what was closed says so once more

    def run() -> None:
        loop.run_until_complete(serve())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    is_open.wait(timeout=10)
    (address,) = found
    if isinstance(address, OSError):
        raise address
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join(timeout=70)  # aiohttp waits for requests that are under way
