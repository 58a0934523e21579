"""`python -m local.setup`: the environment that everything else here runs in.

The standard library alone, and no syntax that Python 3.6 cannot read: it runs before
anything is installed, and tells an old Python what is needed instead.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
NEWEST = (3, 14)
INPUTS = (
    "pyproject.toml",
    "requirements.txt",
    "local/azurite/package-lock.json",
    "local/browser/package-lock.json",
)
"""What is installed, and by what."""
STAMP = ".ready"
"""In the environment: the digest of what was installed from."""
STOPPED = 130


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m local.setup",
        description="Install everything into .venv, or where the variable VENV says, "
        "Azurite into local/azurite and a browser for tests into local/browser. It "
        "does nothing where that is done.",
    )
    parser.parse_args()
    venv = environment()
    if is_ready(venv):
        print(f"{venv} is up to date, with Python {version_in(venv)}.")
        return 0
    return set_up(venv)


def environment() -> Path:
    """Return what VENV names, else where this Python was set up, else .venv."""
    here = Path(sys.prefix)
    if "VENV" not in os.environ and (here / STAMP).exists():
        return here
    return ROOT / Path(os.environ.get("VENV") or ".venv").expanduser()


def set_up(venv: Path) -> int:
    """Make the environment, unless it is up to date; return the exit status."""
    with one_at_a_time():
        if is_ready(venv):
            return 0
        wrong = why_not(venv)
        version = version_of(venv)
        if not wrong and (version is None or wrong_python(version) or was_moved(venv)):
            wrong = wrong_python(sys.version_info[:2])
            status = 0 if wrong else create(venv)
            if status:
                return status
        if wrong:
            print(wrong, file=sys.stderr)
            return 1
        return run([str(python_of(venv)), "-m", "local.install"])


@contextmanager
def one_at_a_time() -> "Iterator[None]":  # in quotes for old Pythons
    """Wait for another setup of this folder; one that was killed holds up nobody."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with Path(__file__).open("rb") as itself:
        fcntl.flock(itself, fcntl.LOCK_EX)
        yield


def why_not(venv: Path) -> str:
    """Return why a folder may not become the environment; "" where it may.

    What becomes one may be emptied first.
    """
    place = venv.resolve()
    is_ours = place == ROOT or place in ROOT.parents or (place / ".git").exists()
    has_other = place.is_dir() and any(place.iterdir())
    if is_ours or (has_other and not (place / "pyvenv.cfg").exists()):
        return f"VENV names {venv}, which holds something else: name a new folder."
    return ""


def version_of(venv: Path) -> "tuple[int, ...] | None":
    """Return the version of an environment's Python; None where it has none that works.

    Without pip it is half of one: it was being made when somebody stopped that.
    """
    code = "import sys, pip; print(*sys.version_info[:2])"
    try:
        done = subprocess.run(
            [str(python_of(venv)), "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return None
    return tuple(map(int, done.stdout.split())) if done.returncode == 0 else None


def is_ready(venv: Path) -> bool:
    stamp = venv / STAMP
    is_same = stamp.exists() and stamp.read_text("utf-8") == stamp_of(venv)
    return is_same and version_of(venv) is not None


def was_moved(venv: Path) -> bool:
    """Return whether it was set up elsewhere: its commands lead there."""
    stamp = venv / STAMP
    return stamp.exists() and str(venv) not in stamp.read_text("utf-8").splitlines()


def stamp_of(venv: Path) -> str:
    return f"{digest_of_inputs()}\n{venv}\n"


def digest_of_inputs() -> str:
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def version_in(venv: Path) -> str:
    lines = (venv / "pyvenv.cfg").read_text("utf-8").splitlines()
    settings = dict(line.split(" = ", 1) for line in lines if " = " in line)
    return settings.get("version", "?")


def python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def wrong_python(version: tuple) -> str:  # type: ignore[type-arg] # for old Pythons
    """Return what is wrong with a Python, and how to name another; "" if it will do."""
    if OLDEST <= tuple(version) <= NEWEST:
        return ""
    return (
        "Python {}.{} to {}.{} is needed, and this is {}.{}. Name another: "
        "make setup PYTHON=python3.13; without make: python3.13 -m local.setup, "
        "on Windows: py -3.13 -m local.setup"
    ).format(*OLDEST, *NEWEST, *version)


def create(venv: Path) -> int:
    name = os.path.relpath(str(venv), str(ROOT))
    version = "{}.{}.{}".format(*sys.version_info[:3])
    print(
        f"Setting up {name} with Python {version}: packages (1 GB), Azurite (250 MB) "
        "and a browser for tests (300 MB); one to three minutes, once.",
        flush=True,
    )
    # What is left of one whose Python is gone would keep the new one from working.
    clear = ["--clear"] if (venv / "pyvenv.cfg").exists() else []
    return run([sys.executable, "-m", "venv", *clear, str(venv)])


def run_in_environment(module: str, *arguments: str) -> int:
    """Set up, and run a module there; return the exit status.

    Its processes read and write UTF-8, whatever the code page of a Windows console is.
    """
    venv = environment()
    status = set_up(venv)
    if status:
        return status
    os.environ["PYTHONUTF8"] = "1"
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    )
    command = [str(python_of(venv)), "-m", module, *arguments]
    if os.name == "posix":  # signals reach the module itself, which has to clean up
        os.execv(command[0], command)  # noqa: S606
    return subprocess.run(command, check=False).returncode


def run(command: list) -> int:  # type: ignore[type-arg]
    try:
        return subprocess.run(command, cwd=str(ROOT), check=False).returncode
    except KeyboardInterrupt:
        return STOPPED


if __name__ == "__main__":
    sys.exit(main())
