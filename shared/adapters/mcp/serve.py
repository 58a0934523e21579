"""The two ways to reach the server: the process's own streams, and http on loopback.

Rule 1: standard output belongs to the protocol, and no log is written: the SDK's would
        hold what is asked.
Rule 2: http answers on 127.0.0.1 only, and nobody who has not the token; a page of the
        web that resolves its own name to 127.0.0.1 is refused by Host and Origin.
"""

import hmac
import logging
import re
import signal
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.adapters.loopback import HOST, hosts_of

PATH = "/mcp"
LARGEST_REQUEST = 256 * 1024
MOST_SESSIONS = 100
BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +")
LAST_LOOK = 5
"""Seconds that open requests get when the server is stopped."""


async def serve_stdio(server: Server[Any]) -> None:
    """Serve until standard input ends, or Ctrl-C ends the process."""
    logging.disable()
    # A thread waits for the next line of input, and nothing else could wake it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    async with stdio_server() as (reader, writer):
        await server.run(reader, writer, server.create_initialization_options())


def address_of(listening: socket.socket) -> str:
    return f"http://{HOST}:{listening.getsockname()[1]}{PATH}"


async def serve_http(server: Server[Any], listening: socket.socket, token: str) -> None:
    """Serve until the process is stopped."""
    import uvicorn

    logging.disable()
    hosts = hosts_of(listening)
    origins = [f"http://{host}" for host in hosts]
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        max_request_body_size=LARGEST_REQUEST,
        max_sessions=MOST_SESSIONS,
        transport_security=TransportSecuritySettings(
            allowed_hosts=hosts, allowed_origins=origins
        ),
    )
    config = uvicorn.Config(
        Guard(app=app, token=token, hosts=frozenset(hosts), origins=frozenset(origins)),
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        proxy_headers=False,
        timeout_graceful_shutdown=LAST_LOOK,
    )
    await uvicorn.Server(config).serve(sockets=[listening])


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Lets requests through that come from here and have the token, to one path."""

    app: ASGIApp
    token: str
    hosts: frozenset[str]
    origins: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        status = self.refused(scope)
        if not status:
            await self.app(scope, receive, send)
            return
        headers = {"www-authenticate": "Bearer"} if status == UNAUTHORIZED else {}
        await Response(status_code=status, headers=headers)(scope, receive, send)

    def refused(self, scope: Scope) -> int:
        """Return the status that a request is refused with; 0 where it is not."""
        headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        if not is_only(headers, b"host", self.hosts, may_lack=False):
            return MISDIRECTED
        if not is_only(headers, b"origin", self.origins, may_lack=True):
            return FORBIDDEN
        given = [value for name, value in headers if name == b"authorization"]
        found = BEARER.match(given[0]) if len(given) == 1 else None
        token = given[0][found.end() :] if found else b""
        if not hmac.compare_digest(token, self.token.encode()):
            return UNAUTHORIZED
        return 0 if scope["path"] == PATH else NOT_FOUND


UNAUTHORIZED, FORBIDDEN, NOT_FOUND, MISDIRECTED = 401, 403, 404, 421


def is_only(
    headers: Iterable[tuple[bytes, bytes]],
    name: bytes,
    allowed: frozenset[str],
    *,
    may_lack: bool,
) -> bool:
    """Return whether a header stands there once, with a value that is allowed."""
    found = [value.decode("latin-1") for key, value in headers if key == name]
    return may_lack if not found else len(found) == 1 and found[0] in allowed
