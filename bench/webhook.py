"""Ingest through the local host's webhook, beside a function that does nothing."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from bench.contestants import take
from bench.workloads import WORKLOADS
from local.ports import free_ports
from local.stack import ROOT, call, webhook_url

BATCHES = (1, 100, 1000)
POSTING = {1: 64, 100: 8, 1000: 4}
"""Deliveries under way at once, by batch size."""
HEADERS = {"aeg-event-type": "Notification", "Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Host:
    url: str
    process_id: int

    def cpu_seconds(self) -> float:
        """Return the CPU seconds of the process so far, as Linux counts them."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text().split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running_host(folder: Path, connection_string: str) -> Iterator[Host]:
    """Run a host with the app of a folder while the block runs."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    environment = {
        "CHAT_STORAGE": connection_string,
        "ACS_CONNECTION_STRING": "endpoint=https://127.0.0.1:1/;accesskey=a2V5",
        "SWEEP_SCHEDULE": "0 0 0 1 1 *",
    }
    command = [sys.executable, "-m", "local.host", "--port", str(port)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*command, "--folder", str(folder)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
        )
        try:
            while call("GET", f"{url}/admin/host/status")[0] != 200:
                time.sleep(0.1)
            yield Host(webhook_url(url), process.pid)
        finally:
            process.terminate()
            process.wait(20)


async def post_all(url: str, bodies: list[bytes], at_once: int) -> float:
    """Post every body, `at_once` at a time; return the seconds it took."""
    todo = iter(bodies)
    connector = aiohttp.TCPConnector(limit=at_once)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def poster() -> None:
            for body in todo:
                async with session.post(url, data=body, headers=HEADERS) as answer:
                    if answer.status != 202:
                        raise RuntimeError(await answer.text())

        started = time.perf_counter()
        await asyncio.gather(*(poster() for _ in range(at_once)))
        return time.perf_counter() - started


async def run(
    connection_string: str, *, rounds: int, events: int
) -> list[dict[str, Any]]:
    """Return a row for each batch size, in events per second."""
    texts = take(WORKLOADS[2].events(1), events)
    with ExitStack() as stack:
        hosts = {
            "nothing": running_host(ROOT / "bench" / "do_nothing", connection_string),
            "product": running_host(ROOT, connection_string),
        }
        running = {name: stack.enter_context(host) for name, host in hosts.items()}
        return [await batch(running, texts, size, rounds) for size in BATCHES]


async def batch(
    hosts: dict[str, Host], texts: list[str], size: int, rounds: int
) -> dict[str, Any]:
    sent = texts if size > 1 else texts[: len(texts) // 4]
    bodies = [
        f"[{','.join(sent[start : start + size])}]".encode()
        for start in range(0, len(sent), size)
    ]
    rates: dict[str, list[float]] = {name: [] for name in hosts}
    costs: dict[str, list[float]] = {name: [] for name in hosts}
    for number in range(rounds + 1):
        for name in list(hosts)[:: -1 if number % 2 else 1]:
            cpu = hosts[name].cpu_seconds()
            elapsed = await post_all(hosts[name].url, bodies, POSTING[size])
            if number:  # the first round creates the segments
                rates[name].append(len(sent) / elapsed)
                cost = hosts[name].cpu_seconds() - cpu
                costs[name].append(cost / len(sent) * 1e6)
    nothing, product = median(rates["nothing"]), median(rates["product"])
    row = {
        "batch": size,
        "nothing_ev_s": round(nothing),
        "product_ev_s": round(product),
        "share": round(product / nothing, 2),
        "nothing_host_cpu_us": round(median(costs["nothing"])),
        "product_host_cpu_us": round(median(costs["product"])),
    }
    print(in_words(row), flush=True)
    return row


HEAD = (
    "| batch | do nothing ev/s | product ev/s | share "
    "| host CPU µs/event, do nothing → product |\n|---|---|---|---|---|"
)


def in_words(row: dict[str, Any]) -> str:
    return (
        f"| {row['batch']} | {row['nothing_ev_s']} | {row['product_ev_s']} "
        f"| {row['share']:.0%} "
        f"| {row['nothing_host_cpu_us']} → {row['product_host_cpu_us']} |"
    )
