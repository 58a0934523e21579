# ruff: noqa: INP001, S603, T201 - a command of its own: it prints, and runs uv
"""Packs what the app runs on: the locked packages, for the app's Python and for Linux.

azd runs this before it zips the app, which is then deployed as it is. Nothing is built
in Azure, where the build has taken another Python than the app's (docs/decisions/0025).
It needs no Linux and no particular Python: uv asks for the wheels that the app needs.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.txt"
PACKAGES = ROOT / ".python_packages"
SITE = PACKAGES / "lib" / "site-packages"
"""Where the Functions host looks for packages."""
PLATFORM = "x86_64-manylinux_2_28"


def app_python() -> str:
    """Return the Python that the app is deployed on, such as 3.13."""
    told = (ROOT / "infra" / "function.bicep").read_text("utf-8")
    found = re.search(r"runtime: { name: 'python', version: '(3\.\d+)' }", told)
    if not found:
        sys.exit("infra/function.bicep does not say which Python the app runs on.")
    return found[1]


def install(python: str) -> None:
    """Install the lock's wheels for that Python, by their digests, or exit."""
    try:
        shutil.rmtree(PACKAGES)
    except FileNotFoundError:
        pass
    except OSError as error:
        sys.exit(f"{error.filename} of an earlier package cannot be removed: {error}.")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "install", "--quiet"),
            *("--target", str(SITE), "--requirements", str(LOCK)),
            *("--python-version", python, "--python-platform", PLATFORM),
            *("--require-hashes", "--only-binary", ":all:"),
        ],
        check=False,
    )
    if done.returncode:
        shutil.rmtree(PACKAGES, ignore_errors=True)
        sys.exit(
            f"requirements.txt could not be installed for Python {python} on Linux: uv "
            "says why above. Where uv is missing: pip install --requirement "
            "infra/hooks/requirements.txt. Where the lock does not fit: make lock."
        )


def fits(tag: str, python: str) -> bool:
    """Return whether a wheel with this tag works on that Python on Linux."""
    interpreter, abi, platform = tag.split("-")
    minor = int(python.split(".")[1])
    if platform != "any" and not re.fullmatch(r"manylinux\w*_x86_64", platform):
        return False
    if interpreter.startswith("py3"):
        return True
    built_for = re.fullmatch(r"cp3(\d+)", interpreter)
    if not built_for:
        return False
    return int(built_for[1]) == minor or (abi == "abi3" and int(built_for[1]) < minor)


def check(python: str) -> int:
    """Return how many packages there are; exit where one is for something else."""
    wheels = sorted(SITE.glob("*.dist-info/WHEEL"))
    if not wheels:
        sys.exit("Nothing was installed: the app would have no function.")
    wrong = []
    for wheel in wheels:
        tags = re.findall(r"^Tag: (\S+)$", wheel.read_text("utf-8"), re.MULTILINE)
        if not any(fits(tag, python) for tag in tags):
            name = wheel.parent.name.removesuffix(".dist-info")
            wrong.append(f"{name} ({', '.join(tags)})")
    if wrong:
        sys.exit(
            f"The app runs on Python {python} on Linux, and these are built for "
            f"something else: {'; '.join(wrong)}."
        )
    return len(wheels)


def main() -> None:
    """Install and check, or exit with a sentence."""
    python = app_python()
    install(python)
    try:
        count = check(python)
    except SystemExit:
        # What is wrong must not be there for whoever deploys without asking again.
        shutil.rmtree(PACKAGES, ignore_errors=True)
        raise
    # The sweep's log tells which lock runs, and the lock itself stays here.
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    (PACKAGES / "lock.sha256").write_text(digest + "\n", "ascii")
    print(f"Packed {count} packages for Python {python} on Linux.")


if __name__ == "__main__":
    main()
