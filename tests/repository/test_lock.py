"""What Azure installs is what is tested: every version, indirect ones too, by digest."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local.lock import FIRST, LINE, LOCK, NEXT, SENTENCE

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FOR_PEOPLE = ("click", "filelock", "jinja2", "platformdirs", "rich")
"""What the command needs and the app does not."""


def locked():
    """Return what requirements.txt pins for the Python that runs: version and digests."""
    text = LOCK.read_text("utf-8").replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        pin = re.match(r"([\w.-]+)==(\S+)(?: ; (.*?))?\s+(--hash=.*)$", line)
        if pin and (not pin[3] or Marker(pin[3]).evaluate()):
            found[pin[1]] = (pin[2], re.findall(r"--hash=sha256:[0-9a-f]{64}", pin[4]))
    return found


def asked_for(requirements):
    every = map(Requirement, requirements)
    return [one for one in every if not one.marker or one.marker.evaluate()]


def direct():
    return asked_for(PROJECT["dependency-groups"]["app"])


def needed():
    """Return all that the app needs in turn, as it is installed here."""
    found, ahead = set(), [(one.name, one.extras) for one in direct()]
    while ahead:
        name, extras = ahead.pop()
        if (name, frozenset(extras)) in found:
            continue
        found.add((name, frozenset(extras)))
        for one in map(Requirement, requires(name) or []):
            if not one.marker or any(
                one.marker.evaluate({"extra": extra}) for extra in ["", *extras]
            ):
                ahead.append((canonicalize_name(one.name), one.extras))
    return {name for name, _ in found}


def test_the_lock_has_what_the_project_asks_for():
    pinned = locked()

    for one in direct():
        assert one.specifier.contains(pinned[one.name][0]), one.name


def test_every_pin_has_digests():
    assert locked()
    assert [name for name, (_, digests) in locked().items() if not digests] == []


def test_what_is_tested_is_what_is_deployed():
    installed = {name: version(name) for name in needed()}

    assert installed == {name: pin for name, (pin, _) in locked().items()}


def test_the_command_gets_along_with_what_is_locked():
    pinned = locked()
    command = {one.name: one for one in asked_for(PROJECT["project"]["dependencies"])}

    assert [name for name in command if name not in pinned] == list(FOR_PEOPLE)
    for name in command.keys() - set(FOR_PEOPLE):
        assert command[name].specifier.contains(pinned[name][0]), name


@pytest.fixture
def installing(tmp_path):
    """Install an empty lock that is for some Pythons, with the pip that is here."""

    def install(first, after):
        guard = LINE.replace(f"'{FIRST}'", f"'{first}'").replace(
            f"'{NEXT}'", f"'{after}'"
        )
        lock = tmp_path / "requirements.txt"
        lock.write_text(guard, "utf-8")
        words = ["install", "--dry-run", "--no-index", "--requirement", str(lock)]
        return subprocess.run(
            [sys.executable, "-m", "pip", *words],
            capture_output=True,
            text=True,
            check=False,
        )

    return install


@pytest.mark.parametrize("pythons", [("3.2", "3.3"), ("3.98", "3.99")])
def test_a_lock_for_other_pythons_fails_with_a_sentence(installing, pythons):
    wrong = installing(*pythons)

    assert wrong.returncode != 0
    assert SENTENCE in wrong.stderr


def test_the_lock_is_for_the_pythons_that_the_package_takes(installing):
    assert LOCK.read_text("utf-8").count(LINE) == 1
    assert PROJECT["project"]["requires-python"] == f">={FIRST},<{NEXT}"
    assert installing(FIRST, NEXT).returncode == 0
