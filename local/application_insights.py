"""A server for telemetry on this machine that answers as Application Insights does."""

import gzip
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.stack import ROOT

ACCEPTED = b'{"itemsReceived": 1, "itemsAccepted": 1, "errors": []}'
INSTRUMENTATION_KEY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Insights:
    """`environment` sends a process's telemetry here; `bodies` is all that arrived."""

    environment: Mapping[str, str]
    bodies: list[bytes] = field(default_factory=list)


def as_deployed() -> dict[str, str]:
    """Return the telemetry settings that `infra/function.bicep` deploys."""
    text = (ROOT / "infra" / "function.bicep").read_text()
    return dict(re.findall(r"^  ((?:PYTHON|OTEL)_\w+): '(.*)'$", text, re.MULTILINE))


@contextmanager
def insights() -> Iterator[Insights]:
    """Run the server until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            received.bodies.append(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(ACCEPTED)))
            self.end_headers()
            self.wfile.write(ACCEPTED)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        here = f"http://127.0.0.1:{server.server_port}/"
        received = Insights(
            {
                "APPLICATIONINSIGHTS_CONNECTION_STRING": (
                    f"InstrumentationKey={INSTRUMENTATION_KEY};"
                    f"IngestionEndpoint={here};LiveEndpoint={here}"
                ),
                # The exporter's statistics about itself go elsewhere.
                "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
            }
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield received
        server.shutdown()
