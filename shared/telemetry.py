"""Metrics: what an operator watches, recorded through OpenTelemetry.

Without a configured SDK (on a laptop, in tests) recording costs nothing and goes
nowhere. Alerts and workbook in `infra/` query these names, which a test checks. They
query nothing that the Functions host emits: its names for calls, and the tables it
writes to, differ by version and mode. No attribute ever holds an id or content (P9).
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import metrics

from shared.domain.errors import ArchiverError

logger = logging.getLogger("archiver")
logger.setLevel(logging.INFO)  # whatever level the worker sets on its root logger
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
    "archiver.sweep.completed", description="Sweeps that ran to their end."
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
CALL_DURATION = METER.create_histogram(
    "archiver.call.duration", unit="s", description="Calls, by `function`."
)
CALL_FAILURES = METER.create_counter(
    "archiver.call.failures", description="Calls that failed, by `function`, `error`."
)


@contextmanager
def call(function: str) -> Iterator[None]:
    """Record a function's call: how long it took, and why it failed.

    The text of an unexpected error may hold content, so only its type is logged (P9).
    """
    started = time.perf_counter()
    try:
        yield
    except Exception as error:
        kind = type(error).__name__
        CALL_FAILURES.add(1, {"function": function, "error": kind})
        reason = str(error) if isinstance(error, ArchiverError) else "unexpected error"
        logger.error(  # noqa: TRY400
            "%s failed: %s: %s", function, kind, reason, extra={"error": kind}
        )
        raise
    finally:
        CALL_DURATION.record(time.perf_counter() - started, {"function": function})
