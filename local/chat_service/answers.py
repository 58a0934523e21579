"""Answers that every route gives alike: pages and errors."""

import json
from http import HTTPStatus
from typing import Any

from aiohttp import web


def page_of(request: web.Request, most: int) -> tuple[int, int]:
    """Return the requested page size, within bounds, and how many items to skip."""
    size = int(request.query.get("maxPageSize", most))
    return max(1, min(size, most)), int(request.query.get("skip", 0))


def page(
    request: web.Request, value: list[Any], more: dict[str, Any] | None
) -> dict[str, Any]:
    """Return a page's body; `more` is what asks for the next one, if there is one."""
    body: dict[str, Any] = {"value": value}
    if more:
        query = {**request.query, **{k: str(v) for k, v in more.items()}}
        body["nextLink"] = str(request.url.with_query(query))
    return body


def error_body(code: str, message: str = "") -> str:
    return json.dumps({"error": {"code": code, "message": message or f"local: {code}"}})


def refuse(
    status: HTTPStatus,
    code: str,
    headers: dict[str, str] | None = None,
    message: str = "",
) -> web.Response:
    return web.Response(
        text=error_body(code, message),
        status=status,
        content_type="application/json",
        headers=headers,
    )


def refuse_version(request: web.Request) -> web.Response:
    """Refuse an API version that the service does not know.

    Code and message are those that the resource's identity service has answered with
    (issue 8 of Azure-Samples/communication-services-web-calling-tutorial); the chat
    service's own answer is recorded nowhere.
    """
    asked = request.query.get("api-version")
    if asked is None:
        message = "An API version is required, but was not specified."
        return refuse(HTTPStatus.BAD_REQUEST, "ApiVersionUnspecified", message=message)
    resource = f"The HTTP resource that matches the request URI '{request.url.path}'"
    message = f"{resource} does not support the API version '{asked}'."
    return refuse(HTTPStatus.BAD_REQUEST, "UnsupportedApiVersion", message=message)


def forbidden() -> web.HTTPForbidden:
    return web.HTTPForbidden(
        text=error_body("Forbidden"), content_type="application/json"
    )


def not_found() -> web.HTTPNotFound:
    return web.HTTPNotFound(
        text=error_body("NotFound"), content_type="application/json"
    )
