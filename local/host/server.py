"""One host: the web surfaces and the listeners, in one loop, on loopback only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aiohttp import web

from local.host.admin import Admin
from local.host.configuration import (
    is_disabled,
    load_local_settings,
    read_queue_options,
)
from local.host.queue_listener import INVISIBLE_FOR, QueueListener
from local.host.timer_listener import TimerListener
from local.host.webhook import BIGGEST_DELIVERY, EventGridWebhook
from local.host.worker import QUEUE, TIMER, Worker, start_worker

WEBHOOK_ROUTE = "/runtime/webhooks/{extension:[eE]vent[gG]rid}"


def routes(worker: Worker) -> web.Application:
    admin, webhook = Admin(worker), EventGridWebhook(worker)
    application = web.Application(client_max_size=BIGGEST_DELIVERY)
    application.add_routes(
        [
            web.route("POST", WEBHOOK_ROUTE, webhook.answer),
            web.route("OPTIONS", WEBHOOK_ROUTE, webhook.answer),
            web.get("/admin/host/status", admin.status),
            web.get("/admin/functions", admin.functions),
            web.get("/admin/functions/{name}/status", admin.function_status),
            web.post("/admin/functions/{name}", admin.invoke),
        ]
    )
    return application


@asynccontextmanager
async def host(
    folder: Path,
    *,
    port: int,
    worker_kind: str,
    invisible_for: int = INVISIBLE_FOR,
) -> AsyncIterator[Worker]:
    """Run the function app of `folder` while the block runs."""
    load_local_settings(folder)
    worker = await start_worker(folder, worker_kind)
    options = read_queue_options(folder)
    listeners: list[QueueListener | TimerListener] = []
    for trigger in worker.triggers.values():
        if is_disabled(trigger.function):
            continue
        if trigger.type == QUEUE:
            listeners.append(
                QueueListener(worker, trigger, options, invisible_for=invisible_for)
            )
        elif trigger.type == TIMER:
            listeners.append(TimerListener(worker, trigger))
    async with AsyncExitStack() as stack:
        runner = web.AppRunner(routes(worker), access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        tasks = [asyncio.create_task(listener.run()) for listener in listeners]
        stack.push_async_callback(cancel, tasks)
        yield worker


async def cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
