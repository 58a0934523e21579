"""What Azure installs is what is tested: every version, indirect ones too, by digest."""

import re
import tomllib
from importlib.metadata import requires, version
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def locked():
    """Return what requirements.txt pins for the Python that runs: version and digests."""
    text = (ROOT / "requirements.txt").read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        pin = re.match(r"([\w.-]+)==(\S+)(?: ; (.*?))?\s+(--hash=.*)$", line)
        if pin and (not pin[3] or Marker(pin[3]).evaluate()):
            found[pin[1]] = (pin[2], re.findall(r"--hash=sha256:[0-9a-f]{64}", pin[4]))
    return found


def direct():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    every = [Requirement(one) for one in project["dependencies"]]
    return [one for one in every if not one.marker or one.marker.evaluate()]


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
