"""Ingest compared with the naive way and the floor, by workload and concurrency."""

import asyncio
import itertools
import time
from dataclasses import replace
from typing import Any, Self

from azure.storage.blob.aio import BlobServiceClient

from bench.contestants import Naive, Product, append_blocks, take
from bench.measure import Cost, closed_loop, cost_of, median
from bench.workloads import FIRST_ID, WORKLOADS, Workload, event_text

IN_FLIGHT = (1, 64, 256, 1024)
POOL = 20_000
"""Events that are generated before the clock starts."""


class Round:
    """Both contestants, each with its own container in which all segments exist."""

    def __init__(self, connection_string: str, workload: Workload, number: int) -> None:
        slug = workload.name.lower().replace(" ", "-")
        self.containers = [f"{who}-{slug}-{number}" for who in ("naive", "product")]
        self.service = BlobServiceClient.from_connection_string(connection_string)
        self.naive = Naive(connection_string, self.containers[0])
        self.product = Product(connection_string, self.containers[1])
        self.workload = workload

    async def __aenter__(self) -> Self:
        for container in self.containers:
            await self.service.create_container(container)
        texts = [
            event_text(thread_id, FIRST_ID) for thread_id in self.workload.thread_ids()
        ]
        await asyncio.gather(*map(self.product.put, texts))
        for start in range(0, len(texts), 32):
            await asyncio.gather(*map(self.naive.put, texts[start : start + 32]))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.naive.close()
        await self.product.close()
        for container in self.containers:
            await self.service.delete_container(container)
        await self.service.close()

    async def cell(
        self, texts: list[str], in_flight: int, seconds: float, *, swap: bool
    ) -> dict[str, Cost]:
        """Return the costs of both contestants, and of the product's blocks alone."""
        costs = {}
        contestants: list[Naive | Product] = [self.naive, self.product]
        for who in contestants[:: -1 if swap else 1]:
            self.product.client.reset()
            before = who.appends
            events = itertools.cycle(texts)
            cost, count = await closed_loop(
                who.put, events, in_flight=in_flight, seconds=seconds
            )
            appends = (who.appends - before) / count
            costs[who.name] = replace(cost, appends_per_event=appends)
            if who is self.product:
                costs["floor"] = await self.floor(count)
        return costs

    async def floor(self, events: int) -> Cost:
        client = self.product.client
        blocks, at_once = dict(client.blocks), max(1, client.most_in_flight)
        container = self.product.service.get_container_client(self.containers[1])
        started, cpu = time.perf_counter(), time.process_time()
        await append_blocks(container, blocks, at_once)
        elapsed = time.perf_counter() - started
        cost = cost_of(events, elapsed, time.process_time() - cpu)
        appends = sum(map(len, blocks.values())) / events
        return replace(cost, appends_per_event=appends)


async def run(
    connection_string: str, *, rounds: int, seconds: float
) -> list[dict[str, Any]]:
    """Return a row for every workload and concurrency, with medians of all rounds."""
    rows = []
    for workload in WORKLOADS:
        texts = take(workload.events(1), POOL)
        gathered: dict[int, list[dict[str, Cost]]] = {
            in_flight: [] for in_flight in IN_FLIGHT
        }
        for number in range(rounds):
            async with Round(connection_string, workload, number) as contest:
                for in_flight in IN_FLIGHT:
                    gathered[in_flight].append(
                        await contest.cell(
                            texts, in_flight, seconds, swap=number % 2 == 1
                        )
                    )
        for in_flight, costs in gathered.items():
            row = summarise(workload.name, in_flight, costs)
            print(in_words(row), flush=True)
            rows.append(row)
    return rows


def summarise(
    workload: str, in_flight: int, rounds: list[dict[str, Cost]]
) -> dict[str, Any]:
    middle = {
        name: median([costs[name] for costs in rounds])
        for name in ("naive", "product", "floor")
    }
    naive, product, floor = middle["naive"], middle["product"], middle["floor"]
    return {
        "workload": workload,
        "in_flight": in_flight,
        "throughput_vs_naive": round(product.events_per_s / naive.events_per_s, 2),
        "cpu_vs_naive": round(naive.cpu_us_per_event / product.cpu_us_per_event, 2),
        "cpu_vs_floor": round(product.cpu_us_per_event / floor.cpu_us_per_event, 2),
        **{name: cost.to_json() for name, cost in middle.items()},
    }


HEAD = (
    "| workload | in flight | naive ev/s | product ev/s | × naive | p50 ms naive → "
    "product | p99 ms naive → product | appends/event | CPU µs/event naive → product "
    "| floor CPU µs |\n|---|---|---|---|---|---|---|---|---|---|"
)


def in_words(row: dict[str, Any]) -> str:
    naive, product, floor = row["naive"], row["product"], row["floor"]
    return (
        f"| {row['workload']} | {row['in_flight']} | {naive['events_per_s']:.0f} "
        f"| {product['events_per_s']:.0f} | **{row['throughput_vs_naive']:.1f}** "
        f"| {naive['p50_ms']:.0f} → {product['p50_ms']:.0f} "
        f"| {naive['p99_ms']:.0f} → {product['p99_ms']:.0f} "
        f"| {product['appends_per_event']:.3f} "
        f"| {naive['cpu_us_per_event']:.0f} → {product['cpu_us_per_event']:.0f} "
        f"| {floor['cpu_us_per_event']:.0f} |"
    )
