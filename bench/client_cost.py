"""Client CPU per event against a server that does nothing.

Azurite is limited to a few hundred appends a second, so every client looks fast enough
beside it. The physical floor is a signed PUT over aiohttp for each event.
"""

import base64
import hashlib
import hmac
import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp

from bench.contestants import Naive, Product, take
from bench.measure import Cost, closed_loop, median
from bench.workloads import WORKLOADS, Workload
from local.ports import free_ports

KEY = base64.b64encode(b"benchmark key of no account").decode()
CELLS = (
    (WORKLOADS[0], 1),
    (WORKLOADS[0], 64),
    (WORKLOADS[2], 64),
    (WORKLOADS[4], 1024),
)


class Raw:
    """A signed PUT for each event, sent straight over the connection."""

    name = "raw"

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self.key = base64.b64decode(KEY)

    async def put(self, text: str) -> None:
        data = text.encode()
        path = "/a/c/raw.jsonl"
        date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        lines = f"x-ms-date:{date}\nx-ms-version:2024-11-04\n"
        to_sign = (
            f"PUT\n\n\n{len(data)}\n\n\n\n\n\n\n\n\n{lines}/a{path}\ncomp:appendblock"
        )
        signature = base64.b64encode(
            hmac.digest(self.key, to_sign.encode(), hashlib.sha256)
        ).decode()
        headers = {
            "x-ms-date": date,
            "x-ms-version": "2024-11-04",
            "Authorization": f"SharedKey a:{signature}",
        }
        url = f"{self.base}{path}?comp=appendblock"
        async with self.session.put(url, data=data, headers=headers) as answer:
            await answer.read()

    async def close(self) -> None:
        await self.session.close()


@contextmanager
def null_server() -> Iterator[int]:
    """Run the server that does nothing while the block runs; yield its port."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.null_server", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            if process.stdout:
                process.stdout.readline()
            yield port
        finally:
            process.terminate()


async def run(*, rounds: int, seconds: float) -> list[dict[str, Any]]:
    """Return a row for each workload and number of callers."""
    with null_server() as port:
        connection_string = (
            f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={KEY};"
            f"BlobEndpoint=http://127.0.0.1:{port}/a;"
        )
        contestants: list[Any] = [
            Naive(connection_string, "c"),
            Product(connection_string, "c"),
            Raw(port),
        ]
        rows = [
            await cell(contestants, workload, in_flight, rounds, seconds)
            for workload, in_flight in CELLS
        ]
        for contestant in contestants:
            await contestant.close()
    return rows


async def cell(
    contestants: list[Any],
    workload: Workload,
    in_flight: int,
    rounds: int,
    seconds: float,
) -> dict[str, Any]:
    texts = take(workload.events(1), 5_000)
    costs: dict[str, list[Cost]] = {contestant.name: [] for contestant in contestants}
    for number in range(rounds):
        for contestant in contestants[:: -1 if number % 2 else 1]:
            cost, _ = await closed_loop(
                contestant.put,
                itertools.cycle(texts),
                in_flight=in_flight,
                seconds=seconds,
            )
            costs[contestant.name].append(cost)
    middle = {
        name: median(measured).cpu_us_per_event for name, measured in costs.items()
    }
    row = {"workload": workload.name, "in_flight": in_flight}
    row |= {f"{name}_cpu_us": round(value, 1) for name, value in middle.items()}
    print(in_words(row), flush=True)
    return row


HEAD = (
    "| workload | in flight | naive | product | raw signed PUT |\n|---|---|---|---|---|"
)


def in_words(row: dict[str, Any]) -> str:
    return (
        f"| {row['workload']} | {row['in_flight']} | {row['naive_cpu_us']:.0f} "
        f"| {row['product_cpu_us']:.0f} | {row['raw_cpu_us']:.0f} |"
    )
