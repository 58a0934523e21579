"""The front door of a function app: one address, behind it whichever host answers.

It remembers which events were acknowledged: those are the app's to keep.
"""

import json
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.hosts import RunningHost
from local.stack import call, webhook_url


@dataclass(slots=True)
class FrontDoor:
    """Where events arrive. `hosts` may come later: until then nobody answers."""

    url: str
    chance: random.Random
    hosts: Sequence[RunningHost] = ()
    acknowledged: set[str] = field(default_factory=set)
    refused: int = 0

    def pass_on(self, kind: str, body: bytes) -> tuple[int, bytes]:
        """Hand a delivery to a host; return its answer, 503 where there is none."""
        if not self.hosts:
            return 503, b""
        url = webhook_url(self.chance.choice(self.hosts).url)
        status, answer = call("POST", url, body, headers={"aeg-event-type": kind})
        if kind == "Notification" and status == 202:
            self.acknowledged.update(event["id"] for event in json.loads(body))
        elif kind == "Notification":
            self.refused += 1
        return status or 503, answer


@contextmanager
def front_door(chance: random.Random) -> Iterator[FrontDoor]:
    """Listen while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            kind = self.headers.get("aeg-event-type", "")
            status, answer = door.pass_on(kind, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing: a run has tens of thousands of deliveries."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    door = FrontDoor(webhook_url(f"http://127.0.0.1:{server.server_port}"), chance)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        server.shutdown()
        server.server_close()
