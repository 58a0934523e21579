"""A small server of this machine, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web


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
