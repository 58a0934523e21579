"""Metrics: what an operator watches, recorded through OpenTelemetry.

Without a configured SDK (on a laptop, in tests) recording costs nothing and goes
nowhere. Alerts and workbook in `infra/` query these names, which a test checks. They
query nothing that the Functions host emits: its names for calls, and the tables it
writes to, differ by version and mode. No attribute ever holds an id or content (P9).
"""

import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opentelemetry import metrics

from shared.domain.errors import ArchiverError, Unforeseen

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
SWEEP_NEXT_DUE = METER.create_gauge(
    "archiver.sweep.next_due",
    unit="s",
    description="When the next sweep is due, in seconds since 1970.",
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
EVENTS_POISONED = METER.create_gauge(
    "archiver.events.poisoned", description="Queued events that failed too often."
)
REVISIONS = METER.create_counter(
    "archiver.finalize.revisions", description="Revisions written, by `visibility`."
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

    The host logs whatever is raised, and the text of an error that nobody foresaw may
    hold content: it is replaced by its kind and its place (P9).

    Raises:
        Unforeseen: in place of any error that this product does not raise on purpose.

    """
    started = time.perf_counter()
    try:
        yield
    except Exception as error:
        kind = type(error).__name__
        CALL_FAILURES.add(1, {"function": function, "error": kind})
        known = error if isinstance(error, ArchiverError) else unforeseen(error)
        logger.error(  # noqa: TRY400 - a traceback may hold content
            "%s failed: %s: %s", function, kind, known, extra={"error": kind}
        )
        if known is error:
            raise
        raise known from None
    finally:
        CALL_DURATION.record(time.perf_counter() - started, {"function": function})


def unforeseen(error: BaseException) -> Unforeseen:
    """Return what may be said of an error: its kind, and where in our code it arose."""
    places = [
        f"{place}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and (place := place_in_product(frame.filename))
    ]
    place = f"at {places[-1]}" if places else "outside of the product's code"
    return Unforeseen(f"unexpected {type(error).__name__} {place}")


def known(error: Exception) -> ArchiverError:
    """Return an error of ours as it is, and of any other what may be said of it."""
    return error if isinstance(error, ArchiverError) else unforeseen(error)


def place_in_product(file: str) -> str:
    """Return a file's path in the product; "" for a package that stands beside it."""
    app = Path(__file__).parent.parent
    if not Path(file).is_relative_to(app):
        return ""
    path = Path(file).relative_to(app)
    return str(path) if path.parts[0] in {"shared", "function_app.py"} else ""
