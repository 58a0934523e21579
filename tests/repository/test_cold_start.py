"""Cold start is paid by every scale-out: importing the app imports no SDK."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("aiohttp", "azure.communication", "azure.core", "azure.eventgrid")
HEAVY += ("azure.identity", "azure.storage", "cryptography", "msrest", "requests")


def imported(module):
    """Return the names of all modules that importing one brings in, and their times."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {module}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split("|") for line in done.stderr.splitlines() if "|" in line]
    return {row[2].strip() for row in rows[1:]}


LATER = (
    "shared.usecases.archive.finalize",
    "shared.formats.registry",
    "shared.adapters.chat",
)
"""What only an instance that archives needs."""
FIRST_EVENT = """
import asyncio, os, sys
os.environ.update(
    ACS_CONNECTION_STRING="endpoint=https://x.communication.azure.com/;accesskey=YQ==",
    CHAT_STORAGE="UseDevelopmentStorage=true", SWEEP_SCHEDULE="0 */15 * * * *",
)
import function_app
from shared.bootstrap.app import current_app
async def first():
    current_app().ingest
    print(*sys.modules)
    await current_app().close()
asyncio.run(first())
"""


def test_importing_the_app_imports_nothing_heavy():
    names = imported("function_app")

    assert "shared.usecases.capture.ingest" in names
    assert sorted(name for name in names if name.startswith(HEAVY + LATER)) == []


def test_the_first_event_does_not_wait_for_what_archives():
    done = subprocess.run(
        [sys.executable, "-c", FIRST_EVENT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    names = done.stdout.split()
    assert "azure.storage.blob.aio" in names
    others = (*LATER, "azure.communication", "azure.eventgrid", "azure.identity")
    assert sorted(name for name in names if name.startswith(others)) == []


def test_a_sweep_does_not_wait_for_what_archives():
    names = imported("shared.usecases.capture.sweep")

    assert sorted(name for name in names if name.startswith(HEAVY + LATER)) == []


def test_the_command_imports_an_sdk_only_when_it_needs_one():
    names = imported("shared.cli.main")

    assert "shared.usecases.inventory.backfill" in names
    assert sorted(name for name in names if name.startswith(HEAVY)) == []


def test_the_app_alone_knows_azure_functions():
    for file in (ROOT / "shared").rglob("*.py"):
        assert "azure.functions" not in file.read_text(), file


def test_the_app_takes_the_host_settings_it_needs():
    host = json.loads((ROOT / "host.json").read_text())

    assert host["version"] == "2.0"
    assert "messageEncoding" not in host["extensions"]["queues"]  # base64, the default
    assert host["extensions"]["queues"]["maxDequeueCount"] == 5
