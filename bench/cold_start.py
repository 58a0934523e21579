"""What a scale-out pays before the first call: importing the app."""

import subprocess
import sys
import time
from statistics import median

from local.stack import ROOT


def seconds_to_import(module: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], cwd=ROOT, check=True)
    return time.perf_counter() - started


def run(*, rounds: int) -> dict[str, float]:
    """Give milliseconds of a whole process: nothing, the library, the app."""
    modules = ("sys", "azure.functions", "function_app")
    times: dict[str, list[float]] = {one: [] for one in modules}
    for _ in range(rounds):
        for module in modules:
            times[module].append(seconds_to_import(module) * 1e3)
    bare, library, app = (median(times[one]) for one in modules)
    return {
        "python_ms": round(bare),
        "azure_functions_ms": round(library),
        "function_app_ms": round(app),
        "ratio": round(app / library, 2),
    }
