"""Metrics: what an operator watches, told through OpenTelemetry.

Without a configured SDK (on a laptop, in tests) telling costs nothing and goes nowhere.
What alerts and workbook in `infra/` ask for are these names; a test holds that.
No attribute ever holds an id or content (P9).
"""

from opentelemetry import metrics

METER = metrics.get_meter("archiver")

EVENTS_RECORDED = METER.create_counter(
    "archiver.events.recorded", description="Events that are durable in a log."
)
EVENTS_QUARANTINED = METER.create_counter(
    "archiver.events.quarantined", description="Events that could not be read."
)
INGEST_LAG = METER.create_histogram(
    "archiver.ingest.lag",
    unit="s",
    description="From when an event happened until it was durable.",
)
SWEEPS_COMPLETED = METER.create_counter(
    "archiver.sweep.completed", description="Sweeps that came to their end."
)
SWEPT_THREADS = METER.create_counter(
    "archiver.sweep.threads", description="Threads that sweeps have looked at."
)
SWEPT_QUEUED = METER.create_counter(
    "archiver.sweep.queued", description="Threads that sweeps have queued."
)
SWEEP_FAILURES = METER.create_counter(
    "archiver.sweep.failures", description="Threads that failed in a sweep."
)
QUEUE_POISONED = METER.create_gauge(
    "archiver.queue.poisoned", description="Threads that failed too often."
)
REVISIONS = METER.create_counter(
    "archiver.finalize.revisions", description="Revisions written, by `sight`."
)
CHAT_THROTTLED = METER.create_counter(
    "archiver.chat.throttled", description="Answers of the chat service: too many."
)
