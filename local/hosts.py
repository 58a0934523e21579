"""Several hosts on one storage account, each a process that may be killed any time."""

import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.ports import free_ports
from local.stack import FAST, Part, call, wait_for, webhook_url

INVISIBLE_FOR = 10
"""Seconds until the message of a killed finalizer is given out again."""
HURRIED = {
    **FAST,
    "QUIET_FOR": "3s",
    "MAX_OPEN": "10s",
    "LOG_KEEP": "10s",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:05",
}
"""Settings under which threads are due, and segments pruned, within seconds."""
NOTIFICATION = {"aeg-event-type": "Notification"}


@dataclass(slots=True)
class RunningHost:
    """One host; calls to it fail while it is down, and only then."""

    part: Part
    url: str
    kills: int = 0
    sweeps: int = 0

    def start(self) -> None:
        self.part.start()
        status = f"{self.url}/admin/host/status"
        wait_for(lambda: call("GET", status)[0] == 200, self.part)

    def kill(self) -> None:
        self.part.kill()
        self.kills += 1

    def deliver(self, event: Any) -> bool:
        """Post an event as Event Grid does; return whether it was acknowledged."""
        url = webhook_url(self.url)
        return call("POST", url, [event], headers=NOTIFICATION)[0] == 202

    def sweep(self) -> None:
        """Invoke the sweep; it runs on behind the call."""
        url = f"{self.url}/admin/functions/sweep_inactive_threads"
        self.sweeps += call("POST", url, {"input": ""})[0] == 202


@contextmanager
def running_hosts(
    folder: Path, count: int, environment: Mapping[str, str]
) -> Iterator[list[RunningHost]]:
    """Run hurried hosts while the block runs; their logs go to `folder`.

    Raises:
        StackFailed: one did not start.

    """
    hosts = []
    for number, port in enumerate(free_ports(count), start=1):
        arguments = ["local.hurried_host", "--port", str(port)]
        arguments += ["--invisible-for", str(INVISIBLE_FOR)]
        log = folder / f"host-{number}.log"
        part = Part(f"host {number}", arguments, {**HURRIED, **environment}, log)
        hosts.append(RunningHost(part, f"http://127.0.0.1:{port}"))
    try:
        for host in hosts:
            host.start()
        yield hosts
    finally:
        for host in hosts:
            host.part.stop()


def kill_now_and_then(
    hosts: list[RunningHost],
    chance: random.Random,
    stopped: threading.Event,
    *,
    every: tuple[float, float],
) -> None:
    """Kill one host after the other at random moments; each comes back at once."""
    while not stopped.wait(chance.uniform(*every)):
        host = chance.choice(hosts)
        host.kill()
        host.start()


def sweep_all_the_time(
    hosts: list[RunningHost], stopped: threading.Event, *, every: float
) -> None:
    """Sweep on every host, so that their sweeps overlap."""
    while not stopped.wait(every):
        for host in hosts:
            host.sweep()


def wait_until(condition: Any, *, within: float) -> bool:
    """Return whether something came true in time."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True
