"""The check that the workflow runs on Core Tools, on the host of this repository."""

import subprocess
import sys
from pathlib import Path

import pytest

from local.ports import free_ports

ROOT = Path(__file__).parents[2]


@pytest.mark.e2e
@pytest.mark.azurite
def test_one_event_one_blob_one_sweep():
    (port,) = free_ports(1)

    done = subprocess.run(
        [
            *(sys.executable, "tests/infra/try_host.py", str(port)),
            *(sys.executable, "-m", "local.host", "--port", str(port)),
        ],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("One event, one blob, one sweep.\n")
