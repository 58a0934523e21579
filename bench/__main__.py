"""`make bench`: measure everything side by side, write `bench/results/ingest.json`."""

import argparse
import asyncio
import json
import logging
import os
import platform
from pathlib import Path
from typing import Any

from bench import client_cost, cold_start, ingest, money, watched, webhook
from local.azurite_process import azurite

RESULTS = Path(__file__).parent / "results" / "ingest.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="per contestant and cell"
    )
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument(
        "--webhook", action="store_true", help="only the webhook; nothing is written"
    )
    arguments = parser.parse_args()
    logging.getLogger("azure").setLevel(logging.WARNING)
    if arguments.webhook:
        with azurite() as storage:
            asyncio.run(
                through_webhook(
                    storage.connection_string, arguments.rounds, arguments.seconds
                )
            )
        return
    results = asyncio.run(measure(arguments.rounds, arguments.seconds))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\nwritten to {os.path.relpath(arguments.output)}")


async def measure(rounds: int, seconds: float) -> dict[str, Any]:
    results: dict[str, Any] = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "rounds": rounds,
    }
    with azurite() as storage:
        text = storage.connection_string
        title("Ingest beside the naive way, on Azurite", ingest.HEAD)
        results["ingest"] = await ingest.run(text, rounds=rounds, seconds=seconds)
        results["webhook"] = await through_webhook(text, rounds, seconds)
    title(
        "Client CPU per event (µs) against a server that does nothing", client_cost.HEAD
    )
    results["client_cost"] = await client_cost.run(rounds=rounds, seconds=seconds)
    title("Client CPU per event (µs) with Application Insights", watched.HEAD)
    results["watched"] = watched.run(rounds=rounds, seconds=seconds)
    title("The money", money.HEAD)
    results["money"] = money.run(results["ingest"])
    print("\n".join(map(money.in_words, results["money"])))
    title("Cold start, milliseconds of a whole process", "")
    results["cold_start"] = cold_start.run(rounds=2 * rounds + 1)
    print(results["cold_start"])
    return results


async def through_webhook(
    connection_string: str, rounds: int, seconds: float
) -> list[dict[str, Any]]:
    title("Through the webhook, beside a function that does nothing", webhook.HEAD)
    events = int(8_000 * min(1.0, seconds))
    return await webhook.run(connection_string, rounds=rounds, events=events)


def title(text: str, head: str) -> None:
    print(f"\n{text}\n\n{head}", flush=True)


if __name__ == "__main__":
    main()
