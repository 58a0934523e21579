"""`make demo` that somebody ends: nothing of it goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.stack import ROOT

PROCESSES = Path("/proc")


def begun_by(folder):
    """Return the processes whose environment names a folder."""
    found = []
    for file in PROCESSES.glob("[0-9]*/environ"):
        try:
            if str(folder).encode() in file.read_bytes():
                found.append(file.parent.name)
        except OSError:  # somebody else's, or gone
            continue
    return found


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_stays_when_it_is_ended(tmp_path, ending):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "local.demo.run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        for line in demo.stdout:
            if "people chat" in line:
                break
        assert len(begun_by(scratch)) > 3
        demo.send_signal(ending)
        said, complained = demo.communicate(timeout=30)

    assert (demo.returncode, complained) == (130, "")
    assert said.endswith("Stopped.\n")
    assert begun_by(scratch) == []
    assert list(scratch.iterdir()) == []
