"""What this installation says of itself: its settings, and the lock of its packages."""

import re
from collections.abc import Mapping
from pathlib import Path

from shared.config.settings import Settings
from shared.domain.errors import ConfigError
from shared.domain.log.commitment import sha256
from shared.formats import ARCHIVED
from shared.usecases.capture.doctor.app import Lock

ANY_PYTHON = re.compile(
    r"python_full_version < '(\d+)\.(\d+)' or python_full_version >= '(\d+)\.(\d+)'"
)
"""The first line of the lock, which only Pythons match that it is not for."""
ROOT = Path(__file__).parents[2]


def wrong_settings(env: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the settings that are set.

    Those that only the app needs may be missing here.
    """
    try:
        Settings.from_env(env, known_formats=ARCHIVED)
    except ConfigError as error:
        return [text for text in error.problems if is_set(env, text)]
    return []


def is_set(env: Mapping[str, str], problem: str) -> bool:
    """Return whether the setting is set that a problem begins with."""
    name = re.match(r"\w+", problem)
    return bool(name and env.get(name[0], "").strip())


def own_lock(root: Path = ROOT) -> Lock:
    """Return the lock that stands in this clone; an installed command has none."""
    file = root / "requirements.txt"
    if not file.is_file() or not (root / "function_app.py").is_file():
        return Lock()
    data = file.read_bytes()
    ends = ANY_PYTHON.search(data.decode(errors="replace"))
    numbers = tuple(map(int, ends.groups())) if ends else ()
    return Lock(digest=sha256(data), first=numbers[:2], next=numbers[2:])
