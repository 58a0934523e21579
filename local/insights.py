"""What telemetry goes to on this machine: takes it as Application Insights does."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCEPTED = b'{"itemsReceived": 1, "itemsAccepted": 1, "errors": []}'
INSTRUMENTATION_KEY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Insights:
    """`bodies` is all that was sent so far, unpacked."""

    connection_string: str
    bodies: list[bytes] = field(default_factory=list)


@contextmanager
def insights() -> Iterator[Insights]:
    """Run the server until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            taken.bodies.append(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(ACCEPTED)))
            self.end_headers()
            self.wfile.write(ACCEPTED)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        here = f"http://127.0.0.1:{server.server_port}/"
        taken = Insights(
            f"InstrumentationKey={INSTRUMENTATION_KEY};"
            f"IngestionEndpoint={here};LiveEndpoint={here}"
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield taken
        server.shutdown()
