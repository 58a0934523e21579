"""`make soak` for two minutes, so that the hour can be trusted to begin and to end."""

import subprocess
import sys

import pytest

from local.stack import ROOT

pytestmark = [pytest.mark.long, pytest.mark.e2e, pytest.mark.azurite]


@pytest.mark.timeout(900)
def test_a_short_run_of_chaos_ends_with_every_event_in_an_archive(seed):
    options = ["--hours", "0.03", "--seed", str(seed)]
    done = subprocess.run(
        [sys.executable, "-m", "local.soak", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED" in done.stdout
