"""What monitoring costs: without Application Insights, as deployed, with its defaults.

Each way is a process of its own, since the distribution's patches cannot be undone. It
sends to a local server that accepts everything; blobs go to one that does nothing.
"""

import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
from typing import Any

from bench.client_cost import KEY, null_server
from bench.contestants import Product, take
from bench.measure import closed_loop, median
from bench.workloads import WORKLOADS
from local.application_insights import as_deployed, insights

OFF, DEPLOYED, AS_IT_COMES = "off", "as deployed", "as it comes"
CELLS = ((WORKLOADS[0], 1), (WORKLOADS[2], 64))


def run(*, rounds: int, seconds: float) -> dict[str, Any]:
    """Return microseconds of CPU per event, for each cell and way."""
    ways: dict[str, dict[str, str]] = {
        OFF: {},
        DEPLOYED: as_deployed(),
        AS_IT_COMES: {},
    }
    costs: dict[str, dict[str, list[float]]] = {}
    with null_server() as port, insights() as telemetry:
        for _ in range(rounds):
            for way, environment in ways.items():
                measurements = measured(
                    way, port, seconds, {**telemetry.environment, **environment}
                )
                for name, value in measurements.items():
                    costs.setdefault(name, {}).setdefault(way, []).append(value)
    rows = {}
    for name, by_way in costs.items():
        rows[name] = {way: round(statistics.median(by_way[way])) for way in ways}
        print(in_words(name, rows[name]), flush=True)
    return rows


def measured(
    way: str, port: int, seconds: float, environment: dict[str, str]
) -> dict[str, float]:
    """Return the costs of one way, measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.watched", way, str(port), str(seconds)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


async def ingest(port: int, seconds: float) -> dict[str, float]:
    address = (
        f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={KEY};"
        f"BlobEndpoint=http://127.0.0.1:{port}/a;"
    )
    product = Product(address, "c")
    costs_by_cell = {}
    for workload, in_flight in CELLS:
        texts = itertools.cycle(take(workload.events(1), 5_000))
        costs = []
        for _ in range(4):  # the first one is a warm-up
            cost, _ = await closed_loop(
                product.put, texts, in_flight=in_flight, seconds=seconds
            )
            costs.append(cost)
        costs_by_cell[f"{workload.name}, {in_flight} in flight"] = median(
            costs[1:]
        ).cpu_us_per_event
    await product.close()
    return costs_by_cell


HEAD = "| workload | off | as deployed | as it comes |\n|---|---|---|---|"


def in_words(name: str, row: dict[str, int]) -> str:
    cells = [f"{row[way]} ({row[way] / row[OFF]:.2f} ×)" for way in row]
    return f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    _, chosen, blob_port, how_long = sys.argv
    if chosen != OFF:
        from azure.monitor.opentelemetry import configure_azure_monitor

        configure_azure_monitor()  # as the Functions worker does
    answer = asyncio.run(ingest(int(blob_port), float(how_long)))
    print(json.dumps(answer), flush=True)
    os._exit(0)  # do not wait for telemetry that has not been sent yet
