"""The four triggers, and no logic: the only file that imports azure.functions.

There is no HTTP trigger, so nothing to attack. Annotations must stay evaluated here,
since the worker reads them as types. Log lines repeat their values in `extra`, as
fields for queries.
"""

import logging

import azure.functions as func

from shared import telemetry
from shared.bootstrap.app import current_app
from shared.domain.errors import Transient
from shared.domain.layout import EVENTS_QUEUE, FINALIZE_QUEUE
from shared.domain.log.work import decode_work
from shared.usecases.capture.ingest import Ingested

app = func.FunctionApp()
logger = logging.getLogger("archiver")


@app.function_name("archive_chat_event")
@app.event_grid_trigger(arg_name="event")
async def archive_chat_event(event: str) -> None:
    """Record one event. It is a `str`: the typed event drops fields and cuts times."""
    with telemetry.call("archive_chat_event"):
        ingested = await current_app().ingest(event)
    log_quarantined(ingested)


@app.function_name("archive_queued_event")
@app.queue_trigger(
    arg_name="message", queue_name=EVENTS_QUEUE, connection="CHAT_STORAGE"
)
async def archive_queued_event(message: func.QueueMessage) -> None:
    """Record one event that Event Grid delivered by queue; off where it does not."""
    with telemetry.call("archive_queued_event"):
        ingested = await current_app().ingest(message.get_body())
    log_quarantined(ingested)


def log_quarantined(ingested: Ingested) -> None:
    for reason in ingested.quarantined:
        logger.warning("event quarantined: %s", reason, extra={"reason": reason})


@app.function_name("sweep_inactive_threads")
@app.timer_trigger(arg_name="timer", schedule="%SWEEP_SCHEDULE%", run_on_startup=False)
async def sweep_inactive_threads(timer: func.TimerRequest) -> None:
    """Queue the threads that are due."""
    with telemetry.call("sweep_inactive_threads"):
        swept = await current_app().sweep()
        logger.info(
            "sweep: %d threads, %d queued, %d waiting, %d segments pruned, "
            "%d ledger blobs closed, %d failed, past due: %s",
            swept.threads,
            swept.queued,
            swept.waiting,
            swept.pruned_segments,
            swept.closed_blobs,
            len(swept.failures),
            timer.past_due,
            extra={
                "threads": swept.threads,
                "queued": swept.queued,
                "waiting": swept.waiting,
                "pruned_segments": swept.pruned_segments,
                "closed_blobs": swept.closed_blobs,
                "failures": len(swept.failures),
                "next_due_on": str(swept.next_due_on or ""),
            },
        )
        if closed := swept.newest_closed:
            # A checkpoint of the ledger, where nobody can change it by the account.
            logger.info(
                "ledger: blob %d closed on %s, %d lines so far, root %s",
                closed.blob,
                closed.day,
                closed.lines,
                closed.root,
                extra={
                    "ledger_blob": closed.blob,
                    "ledger_lines": closed.lines,
                    "ledger_root": closed.root,
                },
            )
        if swept.failures:
            raise Transient(swept.summary)


@app.function_name("finalize_thread")
@app.queue_trigger(
    arg_name="message", queue_name=FINALIZE_QUEUE, connection="CHAT_STORAGE"
)
async def finalize_thread(message: func.QueueMessage) -> None:
    """Bring one thread's archive up to date with its log."""
    with telemetry.call("finalize_thread"):
        work = decode_work(message.get_body())
        finalized = await current_app().handle_work(
            work, tries=message.dequeue_count or 1
        )
    logger.info(
        "finalize: thread %s, revision %d, written: %s, visibility: %s, outcomes: %s",
        work.thread_id,
        finalized.revision,
        finalized.written,
        finalized.visibility,
        dict(finalized.outcomes),
        extra={
            "thread_id": work.thread_id,
            "revision": finalized.revision,
            "written": finalized.written,
            "visibility": str(finalized.visibility),
        },
    )
