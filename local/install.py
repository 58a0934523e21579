"""`python -m local.install`: fill the environment that runs this; `local.setup` does.

What Azure installs comes from its lock, with digests; the command, and what tests and
checks need, from `pyproject.toml`. The groups are read here, because the pip that comes
with Python 3.11 does not know `--group`.
"""

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from local.lock import LOCK
from local.setup import ROOT, STAMP, stamp_of

PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
GROUPS = ("local", "dev")
NO_BROWSER = (
    "Not installed: the browser for tests. What says why is above. All else works; "
    "tests that open pages will fail until `python -m local.chromium` has brought it."
)


def main() -> int:
    steps = {
        "what the function app needs, as locked": install_lock,
        "the command, and what tests and checks need": install_rest,
        "Azurite": lambda: python("-m", "local.node"),
    }
    for name, step in steps.items():
        print(f"  {name}", flush=True)
        if status := step():
            print(f"Not installed: {name}. What says why is above.", file=sys.stderr)
            return status
    if python("-m", "local.chromium"):
        print(NO_BROWSER, file=sys.stderr)
    venv = Path(sys.prefix)
    (venv / STAMP).write_text(stamp_of(venv), "utf-8")
    return 0


def install_lock() -> int:
    return python(*PIP, "--require-hashes", "--requirement", str(LOCK))


def install_rest() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups: dict[str, Sequence[str]] = project["dependency-groups"]
    wanted = [requirement for name in GROUPS for requirement in groups[name]]
    return python(*PIP, "--editable", ".[parquet,xlsx,fsspec]", *wanted)


def python(*arguments: str) -> int:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
