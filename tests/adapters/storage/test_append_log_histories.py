"""Group commit over generated histories, on simulated time.

Every await of the adapter may fail, take long, or be applied although it failed;
callers come in bursts and some give up. Then what must never happen does not.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace

from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import run_simulated

from shared.adapters.storage.append_log import BUDGET, BlobAppendLog
from shared.domain.errors import Transient

BLOCKS_A_SEGMENT = 6
STEMS = ("thread=a/2026-11-22", "thread=b/2026-11-22", "quarantine/2026-11-22")


@dataclass(frozen=True)
class Step:
    """What the next request meets: a delay, then an answer; `applied` all the same."""

    takes: float
    failure: tuple[int, str] | None
    applied: bool = False


def error(status, code):
    if status == 0:
        return ServiceRequestError("connection lost")
    kind = {404: ResourceNotFoundError, 409: ResourceExistsError}.get(
        status, HttpResponseError
    )
    made = kind(message="x", response=None)
    made.status_code, made.error_code = status, code
    made.response = SimpleNamespace(status_code=status)
    return made


@dataclass
class Service:
    """A container that keeps what it was told, and fails by script."""

    script: list[Step]
    segments: dict[str, list[bytes]] = field(default_factory=dict)
    exists: bool = False

    def get_blob_client(self, path):
        return Blob(self, path)

    async def request(self, apply):
        step = self.script.pop(0) if self.script else Step(0.01, None)
        await asyncio.sleep(step.takes)
        if step.failure is None:
            return apply()
        if step.applied:
            apply()
        raise error(*step.failure)

    async def create_container(self):
        def apply():
            self.exists = True

        await self.request(apply)

    def need_container(self):
        if not self.exists:
            raise error(404, "ContainerNotFound")


@dataclass
class Blob:
    service: Service
    path: str

    async def append_block(self, block, *, length):
        def apply():
            self.service.need_container()
            blocks = self.service.segments.get(self.path)
            if blocks is None:
                raise error(404, "BlobNotFound")
            if len(blocks) >= BLOCKS_A_SEGMENT:
                raise error(409, "BlockCountExceedsLimit")
            assert length == len(block)
            blocks.append(block)
            return {"blob_committed_block_count": len(blocks)}

        return await self.service.request(apply)

    async def create_append_blob(self, *, match_condition):
        def apply():
            self.service.need_container()
            if self.path in self.service.segments:
                raise error(409, "BlobAlreadyExists")
            self.service.segments[self.path] = []

        await self.service.request(apply)


TAKES = st.sampled_from([0.0, 0.01, 0.3, 4.0])
FAILURES = st.sampled_from(
    [(503, "ServerBusy"), (409, "BlobModifiedWhileReading"), (500, "InternalError"),
     (0, ""), (403, "AuthorizationFailure"), (429, "")]
)  # fmt: skip
BAD_DAYS = st.lists(
    st.builds(Step, TAKES, st.none() | FAILURES, st.booleans()), max_size=60
)
GOOD_DAYS = st.lists(st.builds(Step, TAKES, st.none()), max_size=20)


@dataclass(frozen=True)
class Arrival:
    """A line of `size` bytes comes after `after` seconds; its caller may give up."""

    after: float
    stem: str
    size: int
    gives_up_after: float | None


ARRIVALS = st.builds(
    Arrival,
    st.sampled_from([0.0, 0.0, 0.0, 0.005, 1.0]),
    st.sampled_from(STEMS),
    st.integers(4, 60),
    st.none() | st.none() | TAKES,
)


@settings(max_examples=300)
@given(
    script=BAD_DAYS | GOOD_DAYS,
    arrivals=st.lists(ARRIVALS, max_size=40),
    most_appends=st.integers(1, 3),
)
def test_no_history_loses_what_was_acknowledged_or_leaves_anybody_waiting(
    script, arrivals, most_appends
):
    service = Service(list(script))
    is_good_day = not any(step.failure for step in script) and (
        sum(step.takes for step in script) < BUDGET / 2
    )
    may_double = any(step.applied and step.failure for step in script)

    async def live():
        log = BlobAppendLog(
            service, block_bytes=100, most_appends=most_appends, waiting_bytes=200
        )
        tasks = []
        for number, arrival in enumerate(arrivals):
            await asyncio.sleep(arrival.after)
            line = f"{number:03d}".ljust(arrival.size - 1, ".").encode() + b"\n"
            tasks.append((line, arrival, asyncio.create_task(come(log, arrival, line))))
        results = await asyncio.gather(
            *(task for _, _, task in tasks), return_exceptions=True
        )
        await log.close()
        return log, [
            (line, arrival, result)
            for (line, arrival, _), result in zip(tasks, results, strict=True)
        ]

    log, told = run_simulated(live())

    lines = [
        line
        for blocks in service.segments.values()
        for block in blocks
        for line in block.splitlines(keepends=True)
    ]
    kept = Counter(lines)
    assert kept.keys() <= {line for line, _, _ in told}  # whole lines, and no others
    for line, arrival, result in told:
        if isinstance(result, float):  # acknowledged
            assert kept[line] >= 1
            assert kept[line] == 1 or may_double
        else:
            gave_up = arrival.gives_up_after is not None
            assert gave_up or (isinstance(result, Transient) and not is_good_day)
    assert all(len(one) <= BLOCKS_A_SEGMENT for one in service.segments.values())
    assert log.budget.used == 0
    assert not log.budget.queue
    assert all(one.task is None and not one.waiting for one in log.writers.values())


async def come(log, arrival, line):
    """Append a line; give how long that took."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.timeout(arrival.gives_up_after):
        await log.append(arrival.stem, line)
    return loop.time() - started


@given(st.integers(1, 8))
def test_a_storage_that_is_down_is_told_within_the_budget(callers):
    service = Service([Step(0.3, (503, "ServerBusy"))] * 10_000, exists=True)

    async def live():
        log = BlobAppendLog(service)
        arrival = Arrival(0, STEMS[0], 10, None)
        loop = asyncio.get_running_loop()
        started = loop.time()
        results = await asyncio.gather(
            *(come(log, arrival, b"x\n") for _ in range(callers)),
            return_exceptions=True,
        )
        return results, loop.time() - started

    results, waited = run_simulated(live())

    assert all(isinstance(one, Transient) for one in results)
    assert BUDGET <= waited < BUDGET + 1
