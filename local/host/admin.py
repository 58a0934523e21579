"""The admin API: what the host is doing, and invoking a function by hand."""

import asyncio
import json
import logging
from http import HTTPStatus
from typing import Any

from aiohttp import web

from local.host.configuration import is_disabled
from local.host.worker import EVENT_GRID, QUEUE, InvocationFailed, Payload, Worker

logger = logging.getLogger("host")


class Admin:
    """Answers under `/admin`. It requires no key, like Core Tools on one machine."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.running: set[asyncio.Task[None]] = set()

    async def status(self, request: web.Request) -> web.Response:
        return web.json_response({"id": "local", "state": "Running", "version": "4.0"})

    async def functions(self, request: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    "name": name,
                    "isDisabled": is_disabled(name),
                    "config": {"bindings": [dict(trigger.binding)]},
                }
                for name, trigger in self.worker.triggers.items()
            ]
        )

    async def function_status(self, request: web.Request) -> web.Response:
        if request.match_info["name"] not in self.worker.triggers:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        return web.json_response({})

    async def invoke(self, request: web.Request) -> web.Response:
        """Start an invocation and answer 202 at once, whatever its result will be."""
        name = request.match_info["name"]
        trigger = self.worker.triggers.get(name)
        if trigger is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        payload, metadata = by_hand(trigger.type, body.get("input"))
        task = asyncio.create_task(self.run(name, payload, metadata))
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return web.Response(status=HTTPStatus.ACCEPTED)

    async def run(
        self, name: str, payload: Payload, metadata: dict[str, Payload]
    ) -> None:
        try:
            await self.worker.invoke(name, payload, metadata)
        except InvocationFailed as error:
            logger.error(  # noqa: TRY400 - the worker has the traceback
                "%s, invoked by hand, failed: %s",
                name,
                error,
            )


def by_hand(trigger_type: str, value: Any) -> tuple[Payload, dict[str, Payload]]:
    """Return what the host binds when a function is invoked by hand."""
    text = value if isinstance(value, str) else json.dumps(value)
    if trigger_type == EVENT_GRID:
        return Payload("json", text), {}
    if trigger_type == QUEUE:
        return Payload("string", text), {"DequeueCount": Payload("json", "1")}
    return timer_payload(), {}


def timer_payload() -> Payload:
    info = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": {},
        "IsPastDue": False,
    }
    return Payload("json", json.dumps(info))
