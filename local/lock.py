"""`python -m local.lock`: pin what the function app needs, with digests.

uv resolves the group `app` of `pyproject.toml` for every platform and every Python that
tests run on. With another one pip might find packages of these versions all the same,
and nobody has tried them. So the first line is a requirement that only other Pythons
have, of a file that is nowhere: pip and uv stop there, and its name says why.
"""

import argparse
import subprocess
import sys

from local.setup import NEWEST, OLDEST, ROOT

LOCK = ROOT / "requirements.txt"
FIRST, LAST, NEXT = (f"3.{minor}" for minor in (OLDEST[1], NEWEST[1], NEWEST[1] + 1))
SENTENCE = (
    f"requirements.txt-is-locked-for-Python-{FIRST}-to-{LAST}-and-this-is-another"
)
GUARD = "wrong-python @ "
LINE = (
    f"{GUARD}file:///{SENTENCE}.zip ; "
    f"python_full_version < '{FIRST}' or python_full_version >= '{NEXT}' "
    f"--hash=sha256:{'0' * 64}\n"
)
HEADER = """\
# Made by `make lock` (python -m local.lock) from the group app of pyproject.toml, for
# every platform. The first line stops whoever installs it with a Python it is not for.
"""
UV = ("-m", "uv", "pip", "compile", "--group", "app", "--universal", "--quiet")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.lock", description=__doc__)
    parser.add_argument(
        "--upgrade", action="store_true", help="take what is newest of everything"
    )
    upgrade = ["--upgrade"] if parser.parse_args().upgrade else []
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv")
    versions = ("--python-version", FIRST, "--generate-hashes", "--no-header")
    for command in (pip, (*UV, *versions, *upgrade, "--output-file", str(LOCK))):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            return done.returncode
    pins = LOCK.read_text("utf-8")
    LOCK.write_text(HEADER + LINE + pins, "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
