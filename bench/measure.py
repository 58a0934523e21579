"""One cell of a benchmark: a closed loop of callers, and what it cost."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields

Put = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Cost:
    """The result of one contestant in one cell: rates per second, times in ms."""

    events_per_s: float
    cpu_us_per_event: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    appends_per_event: float = 0.0

    def to_json(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in asdict(self).items()}


async def closed_loop(
    put: Put, events: Iterator[str], *, in_flight: int, seconds: float
) -> tuple[Cost, int]:
    """Keep `in_flight` callers busy for `seconds`; return the cost and event count."""
    times: list[float] = []
    started, cpu = time.perf_counter(), time.process_time()
    until = started + seconds

    async def caller() -> None:
        while (sent := time.perf_counter()) < until:
            await put(next(events))
            times.append(time.perf_counter() - sent)

    await asyncio.gather(*(caller() for _ in range(in_flight)))
    elapsed = time.perf_counter() - started
    cpu = time.process_time() - cpu
    return cost_of(len(times), elapsed, cpu, times), len(times)


def cost_of(
    events: int, elapsed: float, cpu: float, times: Sequence[float] = ()
) -> Cost:
    ordered = sorted(times) or [0.0]
    return Cost(
        events_per_s=events / elapsed,
        cpu_us_per_event=cpu / events * 1e6,
        p50_ms=ordered[len(ordered) // 2] * 1e3,
        p99_ms=ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1e3,
    )


def median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure over the rounds."""
    return Cost(
        *(
            statistics.median(getattr(cost, figure.name) for cost in costs)
            for figure in fields(Cost)
        )
    )
