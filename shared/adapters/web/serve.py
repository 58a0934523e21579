"""A server on loopback for one person, who may see what it gives; nobody else may.

Rule 1: it answers on 127.0.0.1 only, under a path that holds a random token; a page of
        the web that resolves its own name to 127.0.0.1 is refused by its Host.
Rule 2: it only reads: every method but GET and HEAD is refused.
Rule 3: nothing is kept by the browser, and no page may ask any other server.
"""

import hmac
import logging
import mimetypes
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from shared.adapters.loopback import HOST, hosts_of
from shared.domain.errors import ArchiverError

POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
SHOWN = ("image/gif", "image/jpeg", "image/png", "image/webp")
"""What of a thread's files a browser shows; any other one it saves."""
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
}
ATTACHMENTS = "/attachments/"
NO_PAGE = "There is no such page.\n"

Give = Callable[[str, Mapping[str, str]], Awaitable[bytes | None]]
"""Returns the file at a path, given what was asked after `?`; None where none is."""


def address_of(listening: socket.socket, token: str) -> str:
    return f"http://{HOST}:{listening.getsockname()[1]}/{token}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneReader:
    """Answers those requests that come from here and know the token."""

    give: Give
    token: str
    hosts: frozenset[str]

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        status, path = self.refused(request)
        if status:
            return web.Response(status=status, headers=HEADERS)
        try:
            data = await self.give(path, request.query)
        except ArchiverError as error:
            return web.Response(status=500, text=f"{error}\n", headers=HEADERS)
        except OSError as error:  # the folder is gone, say, or the share is
            text = f"The archive cannot be read: {error.strerror or error}.\n"
            return web.Response(status=500, text=text, headers=HEADERS)
        if data is None:
            return web.Response(status=NOT_FOUND, text=NO_PAGE, headers=HEADERS)
        return web.Response(body=data, headers={**HEADERS, **headers_of(path)})

    def refused(self, request: web.BaseRequest) -> tuple[int, str]:
        """Return the status that a request is refused with, or 0 and its path."""
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return MISDIRECTED, ""
        if request.method not in ("GET", "HEAD"):
            return NOT_ALLOWED, ""
        _, token, path = (*request.path.split("/", 2), "", "")[:3]
        given = token.encode("utf-8", "replace")
        if not hmac.compare_digest(given, self.token.encode()):
            return NOT_FOUND, ""
        return 0, path


NOT_FOUND, NOT_ALLOWED, MISDIRECTED = 404, 405, 421


def headers_of(path: str) -> Mapping[str, str]:
    """Return the type of a file: what others have sent never runs, whatever it is."""
    name = f"/{path or 'index.html'}"
    ending = name[name.rfind(".") :] if "." in name.rpartition("/")[2] else ""
    if ATTACHMENTS not in name:
        return {"Content-Type": TYPES.get(ending, "application/octet-stream")}
    guessed = mimetypes.guess_type(name)[0]
    if guessed in SHOWN:
        return {"Content-Type": str(guessed)}
    return {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment",
    }


async def serve(give: Give, listening: socket.socket, token: str) -> web.ServerRunner:
    """Begin to serve; return what stops it."""
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    hosts = frozenset(hosts_of(listening))
    server = web.Server(OneReader(give=give, token=token, hosts=hosts), access_log=None)
    runner = web.ServerRunner(server)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    return runner
