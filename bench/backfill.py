"""What a backfill costs compared with the same service calls in a bare loop.

The local chat service, which throttles and fails, serves an estate with unreachable and
partial threads. The backfill is killed three times and resumed, and its report must
match the estate's true numbers. The floor makes the calls that such a run needs, with
the same clients and concurrency, and stores nothing.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from local.stack import chat_service
from shared.adapters.chat.finder import AcsThreadFinder
from shared.adapters.chat.service import AcsChatService
from shared.bootstrap.finalizing import open_chat_clients
from shared.config.reader import read_settings
from shared.config.settings import read_chat
from shared.domain.errors import ArchiverError

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results" / "backfill.json"
TROUBLE = ("--throttle", "0.01", "--fail", "0.01", "--retry-after", "0.2")
SIZES = ((200, 2_000), (2_000, 20_000))
"""Users and threads; the smaller estate shows how memory grows."""
AT_ONCE = 16
KILLED_AT = (0.2, 0.45, 0.7)
"""The shares of the threads after which the backfill is killed."""
HEAD = (
    "| users | threads | threads/s | floor threads/s | × floor | peak MiB | true |\n"
    "|---|---|---|---|---|---|---|"
)


def measure(users: int, threads: int) -> dict[str, Any]:
    """Return the row of a backfill and its floor on an estate of this size."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        truth_file = folder / "truth.json"
        inventory = ["--estate", f"{users}x{threads}", "--truth-file", str(truth_file)]
        with chat_service(folder, [*inventory, *TROUBLE]) as chat:
            truth = json.loads(truth_file.read_text())
            write_seeds(folder, truth)
            seconds, peak = killed_and_resumed(folder, chat.environment, threads)
            floor = in_own_process(truth_file, chat.environment)
            report = reported(folder, chat.environment)
    return {
        "users": users,
        "threads": threads,
        "threads_per_s": round(threads / seconds, 1),
        "floor_threads_per_s": round(threads / floor, 1),
        "times_floor": round(seconds / floor, 2),
        "peak_mib": round(peak),
        "true": agrees(report, truth),
    }


def write_seeds(folder: Path, truth: Mapping[str, Any]) -> None:
    (folder / "users.txt").write_text("\n".join(truth["users"]))
    rows = (
        json.dumps({"UserId": user, "ChatThreadId": thread})
        for thread, user in truth["lost"].items()
    )
    (folder / "log.json").write_text("\n".join(rows))


def killed_and_resumed(
    folder: Path, environment: Mapping[str, str], threads: int
) -> tuple[float, float]:
    """Run the command, killing it three times; return total seconds and peak MiB."""
    seconds = peak = done = 0.0
    for part in (*KILLED_AT, 1.0):
        started = time.perf_counter()
        arguments = ["backfill", "--users", "users.txt", "--chat-logs", "log.json"]
        process = command(
            folder, environment, *arguments, "--json", "--here", "archive"
        )
        lines: Iterable[str] = process.stdout or ()
        for line in lines:
            done += '"kind": "done"' in line
            if part < 1 and done >= part * threads:
                process.kill()
                break
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        seconds += time.perf_counter() - started
        peak = max(peak, usage.ru_maxrss / 1024)
    return seconds, peak


def command(
    folder: Path, environment: Mapping[str, str], *arguments: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "shared.cli.main", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def reported(folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    process = command(folder, environment, "report", "archive", "--format", "json")
    return dict(json.loads(process.communicate()[0]))


def agrees(report: Mapping[str, Any], truth: Mapping[str, Any]) -> bool:
    """Return whether a report matches the estate's true numbers."""
    statuses = report["statuses"]
    return (
        statuses["archived"] == len(truth["full"])
        and statuses["partial"] == len(truth["partial"])
        and statuses["unreachable"] == len(truth["lost"])
        and len(report["threads"]) == sum(statuses[status] for status in STOOD)
        and len(report["users"]["not_asked"]) == len(truth["gone"])
        and all(report["baseline"][name] == truth[name] for name in COUNTED)
    )


STOOD = ("archived", "partial", "unreachable")
COUNTED = ("messages", "edited", "deleted")


def in_own_process(truth_file: Path, environment: Mapping[str, str]) -> float:
    """Run the bare loop in a process of its own; return its seconds."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.backfill", "--floor", str(truth_file)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    return float(done.stdout)


async def bare_loop(users: Sequence[str], lost: dict[str, str]) -> float:
    """List every user's threads and each thread once; return the seconds it took."""
    settings = read_settings(os.environ, read_chat)
    started = time.perf_counter()
    async with open_chat_clients(settings) as chat_clients:
        finder = AcsThreadFinder(chat_clients, settings.list_within)
        chat = AcsChatService(chat_clients, settings.list_within)
        threads: dict[str, str] = {}

        async def ask(user: str) -> None:
            for thread in (await finder.threads_of(user)).threads:
                threads.setdefault(thread.id, user)

        async def read(thread: tuple[str, str]) -> None:
            await chat.list_thread(*thread)

        await all_of(deque(users), ask)
        await all_of(deque((threads | lost).items()), read)
    return time.perf_counter() - started


async def all_of(left: deque[Any], do: Any) -> None:
    """Call `do` for every item, `AT_ONCE` at a time."""

    async def worker() -> None:
        while left:
            with suppress(ArchiverError):  # deleted users and lost threads
                await do(left.popleft())

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.backfill", description=__doc__
    )
    parser.add_argument("--floor", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if arguments.floor:
        truth = json.loads(arguments.floor.read_text())
        print(asyncio.run(bare_loop(truth["users"], truth["lost"])))
        return
    print(HEAD, flush=True)
    rows = []
    for users, threads in SIZES:
        row = measure(users, threads)
        rows.append(row)
        print(f"| {' | '.join(map(str, row.values()))} |", flush=True)
    arguments.output.write_text(json.dumps({"backfill": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
