"""What the code tells, as the real exporter sends it to Application Insights."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import traceback
from datetime import timedelta
from pathlib import Path

import pytest
from azure.monitor.opentelemetry._constants import (
    _ALL_SUPPORTED_INSTRUMENTED_LIBRARIES as PATCHED,
)
from croniter import croniter

from builders import NOON, THREAD
from instruments import metric_names
from local.application_insights import as_deployed, insights
from shared.domain import json_line
from shared.domain.errors import Unforeseen
from shared.telemetry import call, unforeseen

ROOT = Path(__file__).parents[1]
WORKER_STARTS = """
import asyncio, logging, os, sys
sys.path[:0] = ["tests/support"]
from azure.monitor.opentelemetry import configure_azure_monitor
configure_azure_monitor()
"""
"""What the Functions worker does where a setting asks for telemetry."""
END = """
from opentelemetry import _logs, metrics
metrics.get_meter_provider().force_flush()
_logs.get_logger_provider().force_flush()
os._exit(0)
"""
STORY = """
from contextlib import suppress
from builders import THREAD, received, thread_created
from shared import telemetry
from shared.domain.errors import Transient
from world import World

async def story():
    world = World()
    await world.receive(thread_created(), received(0, "SECRET"), {"no": "event"})
    await world.ingest("SECRET")
    world.poison.messages += ["one", "two"]
    world.events_poison.messages += ["one", "two", "three"]
    world.clock.pass_time(hours=30)
    swept = await world.sweep()
    logging.getLogger("archiver").info("sweep", extra={"queued": swept.queued})
    logging.getLogger("another").critical("of another library: SECRET")
    with telemetry.call("finalize_thread"):
        await world.finalize(THREAD)
    for error in (Transient("list 19:x: status 503"), ValueError("SECRET")):
        with suppress(Exception), telemetry.call("finalize_thread"):
            raise error

asyncio.run(story())
"""
CALL = """
import asyncio, os, sys
from pathlib import Path
from local.host.worker import InvocationFailed, Payload, start_worker

async def call():
    worker = await start_worker(Path.cwd(), sys.argv[1])
    try:
        await worker.invoke("archive_chat_event", Payload("json", "{}"), {})
    except InvocationFailed:
        pass

asyncio.run(call())
"""
WORKERS = {"library": WORKER_STARTS, "runtime": ""}
"""Azure's own worker code takes its settings by itself."""
if not importlib.util.find_spec("azure_functions_runtime"):
    del WORKERS["runtime"]
COLUMNS = {"Sum": "value", "Max": "max", "Min": "min", "ItemCount": "count"}
"""Columns of the table AppMetrics, and what a sent metric calls them."""


def tell(code, *arguments, **settings):
    """Run code with telemetry as it is deployed; give what was sent, raw and read."""
    with insights() as taken:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=ROOT,
            env=os.environ | as_deployed() | taken.environment | settings,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    items = [
        item["data"]
        for body in taken.bodies
        if body.startswith(b"[")  # live metrics are no list
        for item in json.loads(body)
    ]
    return b"".join(taken.bodies), items


@pytest.fixture(scope="module")
def sent():
    """Return all that was sent while the story was told: bytes, and what they say."""
    return tell(WORKER_STARTS + STORY + END)


@pytest.fixture(scope="module")
def told(sent):
    """Return the product's metrics by their names."""
    return {
        metric["name"]: (metric, item["baseData"]["properties"])
        for item in sent[1]
        if item["baseType"] == "MetricData"
        for metric in item["baseData"]["metrics"]
        if metric["name"].startswith("archiver.")
    }


def lines(sent, start):
    """Return what was logged, by how it starts."""
    return [
        item["baseData"]
        for item in sent[1]
        if item["baseType"] == "MessageData"
        and item["baseData"]["message"].startswith(start)
    ]


def test_what_happens_is_told(told):
    calls, of = told["archiver.call.duration"]
    next_sweep = NOON + timedelta(hours=30 + 1)
    assert (calls["count"], of) == (3, {"function": "finalize_thread"})
    assert {
        name: (metric["value"], properties)
        for name, (metric, properties) in told.items()
        if not name.startswith("archiver.call.")
    } == {
        "archiver.events.recorded": (2, {}),
        "archiver.events.quarantined": (2, {}),
        "archiver.ingest.lag": (0, {}),
        "archiver.sweep.completed": (1, {}),
        "archiver.sweep.next_due": (next_sweep.timestamp(), {}),
        "archiver.sweep.threads": (1, {}),
        "archiver.sweep.queued": (1, {}),
        "archiver.sweep.failures": (0, {}),
        "archiver.queue.poisoned": (2, {}),
        "archiver.events.poisoned": (3, {}),
        "archiver.finalize.revisions": (1, {"visibility": "events_only"}),
    }
    assert told["archiver.ingest.lag"][0]["count"] == 2
    assert told.keys() | {"archiver.chat.throttled"} == metric_names()


UNFORESEEN = "unexpected ValueError outside of the product's code"


def test_a_failure_is_told_and_what_nobody_foresaw_only_by_its_type(sent, told):
    metric, properties = told["archiver.call.failures"]

    assert metric["value"] == 1  # one of each kind
    assert properties["function"] == "finalize_thread"
    assert properties["error"] in ("Transient", "ValueError")
    assert [one["message"] for one in lines(sent, "finalize_thread failed")] == [
        "finalize_thread failed: Transient: list 19:x: status 503",
        f"finalize_thread failed: ValueError: {UNFORESEEN}",
    ]


def test_nothing_of_what_was_said_is_told(sent):
    raw, items = sent

    assert items
    assert b"SECRET" not in raw
    assert THREAD.encode() not in raw


def test_what_a_log_line_tells_is_in_fields_that_a_query_can_ask_for(sent):
    (line,) = lines(sent, "sweep")

    assert line["properties"]["queued"] == "1"


@pytest.mark.parametrize("file", sorted((ROOT / "infra" / "queries").iterdir()))
def test_an_alert_takes_a_column_that_is_sent(file, told):
    query = file.read_text()

    for name in re.findall(r'"(archiver\.[\w.]+)"', query):
        column = re.search(r"(?:sum|max)\((\w+)\)", query)[1]
        # Nothing throttles in the story; a counter is sent like the others.
        metric, _ = told.get(name) or told["archiver.events.recorded"]
        assert COLUMNS[column] in metric


def test_nothing_is_patched_where_it_is_deployed():
    off = as_deployed()["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"]

    assert set(off.split(",")) == set(PATCHED)


@pytest.mark.parametrize("worker", WORKERS)
def test_a_failed_call_is_told_through_the_worker_and_only_in_our_words(worker):
    _, items = tell(WORKERS[worker] + CALL + END, worker, QUIET_FOR="soon")

    (line,) = [
        one["baseData"]["message"] for one in items if one["baseType"] == "MessageData"
    ]
    assert line.startswith("archive_chat_event failed: ConfigError: ")
    assert "QUIET_FOR is no duration" in line
    assert {
        metric["name"]
        for item in items
        if item["baseType"] == "MetricData"
        for metric in item["baseData"]["metrics"]
        if metric["name"].startswith("archiver.")
    } == {"archiver.call.duration", "archiver.call.failures"}


def place_of(function, *arguments):
    with pytest.raises((ValueError, TypeError)) as raised:
        function(*arguments)
    return str(unforeseen(raised.value)).split(" ", 2)[2]


def test_the_place_of_an_error_is_in_our_code_and_in_no_package_beside_it():
    assert place_of(croniter, "SECRET") == "outside of the product's code"
    assert place_of(json_line.compact, {1, 2}).startswith("at shared/domain/json_line")


def test_an_error_nobody_foresaw_takes_nothing_with_it_that_the_host_would_log():
    with pytest.raises(Unforeseen) as raised, call("finalize_thread"):
        raise ValueError("SECRET")

    assert "SECRET" not in "".join(traceback.format_exception(raised.value))
