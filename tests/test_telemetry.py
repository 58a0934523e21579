"""What the code tells its metrics, seen through the real OpenTelemetry SDK."""

import json
import subprocess
import sys
from pathlib import Path

from instruments import metric_names

ROOT = Path(__file__).parents[1]
STORY = """
import asyncio, json, sys
sys.path[:0] = ["tests/support"]
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))
from builders import THREAD, received, thread_created
from world import World

async def story():
    world = World()
    await world.take(thread_created(), received(0, "SECRET"), {"no": "event"})
    await world.ingest("SECRET")
    world.poison.messages += ["one", "two"]
    world.clock.pass_time(hours=30)
    await world.sweep()
    await world.finalize(THREAD)

asyncio.run(story())
told = {}
for resource in reader.get_metrics_data().resource_metrics:
    for scope in resource.scope_metrics:
        for metric in scope.metrics:
            for point in metric.data.data_points:
                value = getattr(point, "value", None)
                value = getattr(point, "count", None) if value is None else value
                told[metric.name] = [value, dict(point.attributes)]
print(json.dumps(told))
"""


def test_what_happens_is_told_and_nothing_of_what_was_said():
    done = subprocess.run(
        [sys.executable, "-c", STORY],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    told = json.loads(done.stdout)
    assert told == {
        "archiver.events.recorded": [2, {}],
        "archiver.events.quarantined": [2, {}],
        "archiver.ingest.lag": [2, {}],
        "archiver.sweep.completed": [1, {}],
        "archiver.sweep.threads": [1, {}],
        "archiver.sweep.queued": [1, {}],
        "archiver.sweep.failures": [0, {}],
        "archiver.queue.poisoned": [2, {}],
        "archiver.finalize.revisions": [1, {"sight": "events_only"}],
    }
    assert "SECRET" not in done.stdout + done.stderr
    assert told.keys() | {"archiver.chat.throttled"} == metric_names()
