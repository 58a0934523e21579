"""`python -m local.host`: run the function app of this folder."""

import argparse
import asyncio
import importlib.util
import logging
import sys
from pathlib import Path

from local.host.configuration import MissingSetting, is_disabled
from local.host.queue_listener import INVISIBLE_FOR
from local.host.server import host
from local.host.worker import Worker
from local.signals import set_on_signals


def parse_arguments() -> argparse.Namespace:
    has_runtime = importlib.util.find_spec("azure_functions_runtime") is not None
    parser = argparse.ArgumentParser(
        prog="python -m local.host",
        description="Run function_app.py as the Functions host would, on loopback.",
        epilog="Settings come from the environment, else from local.settings.json.",
    )
    parser.add_argument("--port", type=int, default=7071, help="default: 7071")
    parser.add_argument(
        "--folder", type=Path, default=Path.cwd(), help="where function_app.py is"
    )
    parser.add_argument(
        "--worker",
        choices=["library", "runtime"],
        default="runtime" if has_runtime else "library",
        help="azure-functions alone, or Azure's own worker code (Python 3.13); "
        "default: %(default)s",
    )
    parser.add_argument(
        "--invisible-for",
        type=int,
        default=INVISIBLE_FOR,
        metavar="SECONDS",
        help="how long a queue message is hidden while it is processed; "
        "default: %(default)s, as in Azure",
    )
    return parser.parse_args()


async def run(arguments: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    set_on_signals(stopped)
    async with host(
        arguments.folder.resolve(),
        port=arguments.port,
        worker_kind=arguments.worker,
        invisible_for=arguments.invisible_for,
    ) as worker:
        print_functions(worker, arguments.port)
        await stopped.wait()
    # As in Azure, nothing closes the app's clients when its process ends.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def print_functions(worker: Worker, port: int) -> None:
    print(f"Functions ({type(worker).__name__}) on http://127.0.0.1:{port}:")
    for trigger in worker.triggers.values():
        off = " (disabled)" if is_disabled(trigger.function) else ""
        print(f"  {trigger.function}: {trigger.type}{off}", flush=True)


def main() -> int:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for noisy in ("azure.core", "azure.functions", "azure.identity"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        asyncio.run(run(parse_arguments()))
    except (MissingSetting, OSError, ValueError) as error:
        print(f"the host cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
