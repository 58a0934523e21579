"""`python -m local.lock`: pin what the function app needs, with digests.

uv resolves the group `app` of `pyproject.toml` for every platform and every Python that
tests run on. Azure installs the same file, for one Python alone: a build with another
would succeed, and the app would find none of what it imports. So the first line is a
requirement that only other Pythons have, of a file that is nowhere: pip and uv stop
there, and its name says why.
"""

import argparse
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parent.parent / "requirements.txt"
DEPLOYED_ON = "3.13"
GUARD = "wrong-python @ "
SENTENCE = f"requirements.txt-is-for-Python-{DEPLOYED_ON}-which-the-app-runs-on"
LINE = (
    f"{GUARD}file:///{SENTENCE}.zip ; python_version != '{DEPLOYED_ON}' "
    f"--hash=sha256:{'0' * 64}\n"
)
HEADER = """\
# Made by `make lock` (python -m local.lock) from the group app of pyproject.toml, for
# every platform. The first line stops whoever installs it with another Python than the
# app's; `make setup` leaves that line out, to test the same packages on others.
"""
OLDEST = "3.11"
UV = ("-m", "uv", "pip", "compile", "--group", "app", "--universal", "--quiet")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.lock", description=__doc__)
    parser.add_argument(
        "--upgrade", action="store_true", help="take what is newest of everything"
    )
    upgrade = ["--upgrade"] if parser.parse_args().upgrade else []
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv")
    versions = ("--python-version", OLDEST, "--generate-hashes", "--no-header")
    for command in (pip, (*UV, *versions, *upgrade, "--output-file", str(LOCK))):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=LOCK.parent,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            return done.returncode
    LOCK.write_text(HEADER + LINE + without_guard(LOCK.read_text("utf-8")), "utf-8")
    return 0


def without_guard(lock: str) -> str:
    """Return a lock for whatever Python, to test with."""
    return "".join(
        line for line in lock.splitlines(keepends=True) if not line.startswith(GUARD)
    )


if __name__ == "__main__":
    sys.exit(main())
