"""The Event Grid webhook: `/runtime/webhooks/eventgrid?functionName=…`.

Status codes and handshakes are those of the real host's Event Grid extension.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from aiohttp import web

from local.host.configuration import is_disabled
from local.host.worker import EVENT_GRID, InvocationFailed, Payload, Worker

ORIGINS = {
    "eventgrid.azure.net",
    "eventgrid.azure.us",
    "eventgrid.azure.eaglex.ic.gov",
    "eventgrid.azure.microsoft.scloud",
    "eventgrid.azure.cn",
}
BIGGEST_DELIVERY = 8 * 1024 * 1024


class EventGridWebhook:
    """Answers Event Grid and passes each event to its function."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    async def answer(self, request: web.Request) -> web.Response:
        name = request.query.get("functionName", "")
        trigger = self.worker.triggers.get(name)
        if trigger is None or trigger.type != EVENT_GRID or is_disabled(name):
            return text(f"cannot find function: '{name}'", HTTPStatus.NOT_FOUND)
        if request.method == "OPTIONS":
            return allow(request)
        kind = request.headers.get("aeg-event-type", "").lower()
        if kind == "unsubscribe":
            return text("", HTTPStatus.ACCEPTED)
        if kind not in ("subscriptionvalidation", "notification"):
            return text("unknown aeg-event-type", HTTPStatus.BAD_REQUEST)
        try:
            body = json.loads(await request.text())
        except ValueError as error:
            return text(f"not JSON: {error}", HTTPStatus.INTERNAL_SERVER_ERROR)
        if kind == "subscriptionvalidation":
            return validate(body)
        return await self.notify(name, body)

    async def notify(self, name: str, body: Any) -> web.Response:
        """Invoke once per event, concurrently; one failure fails the whole delivery."""
        events = body if isinstance(body, list) else [body]
        if not all(isinstance(event, dict) for event in events):
            return text("an event is not an object", HTTPStatus.INTERNAL_SERVER_ERROR)
        results = await asyncio.gather(
            *(self.invoke(name, event) for event in events), return_exceptions=True
        )
        for result in results:
            if isinstance(result, InvocationFailed):
                return text(str(result), HTTPStatus.INTERNAL_SERVER_ERROR)
            if isinstance(result, BaseException):
                raise result
        return text("", HTTPStatus.ACCEPTED)

    async def invoke(self, name: str, event: dict[str, Any]) -> None:
        compact = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        await self.worker.invoke(name, Payload("json", compact), {})


def allow(request: web.Request) -> web.Response:
    """Answer the CloudEvents 1.0 handshake."""
    requested = request.headers.get("WebHook-Request-Origin", "")
    origin = requested if requested in ORIGINS else "eventgrid.azure.net"
    return web.Response(headers={"Webhook-Allowed-Origin": origin})


def validate(body: Any) -> web.Response:
    """Answer the handshake of the Event Grid schema, or of CloudEvents by POST."""
    try:
        if isinstance(body, list):
            code = body[0]["data"]["validationCode"]
        else:
            code = json.loads(body["data"])["validationCode"]
    except (ValueError, KeyError, IndexError, TypeError):
        return text("no validation code", HTTPStatus.INTERNAL_SERVER_ERROR)
    return web.json_response({"validationResponse": code})


def text(message: str, status: HTTPStatus) -> web.Response:
    return web.Response(text=message, status=status)
