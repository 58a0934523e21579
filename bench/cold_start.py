"""The cost of a scale-out: importing the app, and being ready for the first event."""

import os
import subprocess
import sys
import time
from statistics import median

from local.stack import ROOT

READY = (
    "import asyncio, function_app\n"
    "async def first(): function_app.current_app().ingest\n"
    "asyncio.run(first())"
)
SETTINGS = {
    "ACS_CONNECTION_STRING": "endpoint=https://x.communication.azure.com/;accesskey=YQ==",
    "CHAT_STORAGE": "UseDevelopmentStorage=true",
    "SWEEP_SCHEDULE": "0 */15 * * * *",
}


def seconds_of(code: str) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **SETTINGS},
        stderr=subprocess.DEVNULL,  # warnings about clients that are not closed
        check=True,
    )
    return time.perf_counter() - started


def run(*, rounds: int) -> dict[str, float]:
    """Return milliseconds of whole processes: bare, with library, with app, ready."""
    codes = ("pass", "import azure.functions", "import function_app", READY)
    times: dict[str, list[float]] = {code: [] for code in codes}
    for _ in range(rounds):
        for code in codes:
            times[code].append(seconds_of(code) * 1e3)
    bare, library, app, ready = (median(times[code]) for code in codes)
    return {
        "python_ms": round(bare),
        "azure_functions_ms": round(library),
        "function_app_ms": round(app),
        "ratio": round(app / library, 2),
        "first_event_ms": round(ready),
    }
