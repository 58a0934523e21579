"""The three parts as processes of this machine, wired as in Azure.

The chat service sends its events to the host's webhook, or to a storage queue. The host
stores its state in Azurite and reads the chat service through the real SDKs, which
trust its CA through `SSL_CERT_FILE` alone.
"""

import json
import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.azurite_process import Azurite, azurite, stop
from local.ports import free_ports

ROOT = Path(__file__).parent.parent
START_WITHIN = 60.0
EVENTS_QUEUE = "chat-events"
DEAD_LETTERS = "dead-letter"
SWITCH = "AzureWebJobs_archive_queued_event_Disabled"
"""What switches the queue's function off where events come directly."""
FAST = {
    "SWEEP_SCHEDULE": "0 0 0 1 1 *",  # started by hand, so that all runs are the same
    "QUIET_FOR": "1s",
    "SETTLE_FOR": "1s",
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.5",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
}


class StackFailed(RuntimeError):
    """A part did not start; the message holds the end of its log."""


@dataclass(slots=True)
class Part:
    """One child process with its log."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    def stop(self) -> None:
        if self.process:
            stop(self.process)

    def kill(self) -> None:
        """End the process as a crash would: no signal handler runs."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def fail(self) -> StackFailed:
        tail = self.log.read_text(errors="replace")[-3000:]
        return StackFailed(f"{self.name} did not start:\n{tail}")

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None


@dataclass(slots=True, kw_only=True)
class Stack:
    """The running stack."""

    azurite: Azurite
    host: Part
    host_url: str
    chat_url: str
    acs_connection_string: str
    ca_file: Path
    tls: ssl.SSLContext = field(repr=False)

    @property
    def webhook(self) -> str:
        return webhook_url(self.host_url)

    def start_host(self) -> None:
        """Start the host, the first time or after `host.kill()`."""
        self.host.start()
        wait_for(
            lambda: call("GET", f"{self.host_url}/admin/host/status")[0] == 200,
            self.host,
        )

    def invoke(self, function: str, value: str = "") -> None:
        """Invoke a function by hand; return before it has run, as the host does.

        Raises:
            StackFailed: the host does not accept the call.

        """
        url = f"{self.host_url}/admin/functions/{function}"
        status, body = call("POST", url, {"input": value})
        if status != 202:
            raise StackFailed(f"{function}: {status} {body!r}")

    def post_events(self, body: Any, **headers: str) -> int:
        """Post to the webhook as Event Grid does; return the HTTP status."""
        headers = {"aeg-event-type": "Notification"} | headers
        return call("POST", self.webhook, body, headers=headers)[0]

    def deliveries(self, *, flush: bool = False) -> dict[str, int]:
        """Return the counts of deliveries; with `flush`, once none is outstanding."""
        method, path = ("POST", "local/flush") if flush else ("GET", "local/status")
        _, body = call(method, f"{self.chat_url}/{path}", tls=self.tls)
        return dict(json.loads(body))

    def misbehave(self, **wish: float) -> None:
        call("PUT", f"{self.chat_url}/local/misbehaviour", wish, tls=self.tls)


def webhook_url(host_url: str) -> str:
    path = "runtime/webhooks/eventgrid?functionName=archive_chat_event"
    return f"{host_url}/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPart:
    """The running chat service; `environment` is for its clients."""

    url: str
    ca_file: Path
    environment: Mapping[str, str]


def tls_of(chat: ChatPart) -> ssl.SSLContext:
    """Return what trusts a chat service, for calls to it."""
    return ssl.create_default_context(cafile=chat.ca_file)


@contextmanager
def chat_service(
    folder: Path,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[ChatPart]:
    """Run the chat service alone; its log and its CA go to `folder`.

    Raises:
        StackFailed: it did not start.

    """
    folder.mkdir(parents=True, exist_ok=True)
    (port,) = free_ports(1)
    ready = folder / "chat-service.json"
    ready.unlink(missing_ok=True)
    ca_file = folder / "local-ca.pem"
    arguments = [
        "local.chat_service",
        *("--port", str(port)),
        *("--ca-file", str(ca_file)),
        *("--ready-file", str(ready)),
        *options,
    ]
    log = folder / "chat-service.log"
    part = Part("the chat service", arguments, environment or {}, log)
    part.start()
    try:
        wait_for(ready.exists, part)
        access = json.loads(ready.read_text())
        yield ChatPart(
            url=f"https://127.0.0.1:{port}",
            ca_file=ca_file,
            environment={
                "ACS_CONNECTION_STRING": access["connection_string"],
                "SSL_CERT_FILE": access["ca_file"],
            },
        )
    finally:
        part.stop()


@contextmanager
def stack(
    folder: Path,
    *,
    settings: Mapping[str, str] | None = None,
    service_options: Sequence[str] = (),
    host_options: Sequence[str] = (),
    storage_in: Path | None = None,
    delivery: str = "direct",
) -> Iterator[Stack]:
    """Run all three parts; logs and the CA go to `folder`, dead letters to Azurite.

    `delivery` is how events arrive: "direct", or "queue".

    Raises:
        StackFailed: a part did not start.

    """
    (host_port,) = free_ports(1)
    host_url = f"http://127.0.0.1:{host_port}"
    by_queue = delivery == "queue"
    options = [
        *(
            ("--queue", EVENTS_QUEUE)
            if by_queue
            else ("--webhook", webhook_url(host_url))
        ),
        *("--dead-letter-container", DEAD_LETTERS),
        *service_options,
    ]
    with ExitStack() as parts:
        storage = parts.enter_context(azurite(storage_in))
        account = {"CHAT_STORAGE": storage.connection_string}
        chat = parts.enter_context(chat_service(folder, options, account))
        host = Part(
            "the host",
            ["local.host", "--port", str(host_port), *host_options],
            {
                **account,
                SWITCH: "false" if by_queue else "true",
                **chat.environment,
                **FAST,
                **(settings or {}),
            },
            folder / "host.log",
        )
        running = Stack(
            azurite=storage,
            host=host,
            host_url=host_url,
            chat_url=chat.url,
            acs_connection_string=chat.environment["ACS_CONNECTION_STRING"],
            ca_file=chat.ca_file,
            tls=ssl.create_default_context(cafile=chat.ca_file),
        )
        parts.callback(host.stop)
        running.start_host()
        yield running


def wait_for(condition: Any, part: Part) -> None:
    deadline = time.monotonic() + START_WITHIN
    while not condition():
        if part.has_ended() or time.monotonic() > deadline:
            raise part.fail()
        time.sleep(0.05)


def call(
    method: str,
    url: str,
    body: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> tuple[int, bytes]:
    """Send a request to a part; return status and body, with status 0 for no answer."""
    data = (
        body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    )
    request = urllib.request.Request(  # noqa: S310 - loopback only
        url,
        data,
        {"Content-Type": "application/json", **(headers or {})},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=60, context=tls) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""
