"""Azurite from npm: `python -m local.node` installs it as its lock file pins it."""

import sys
from pathlib import Path

from local.npm import NpmFolder

FOLDER = NpmFolder(Path(__file__).parent / "azurite")
LOCK = FOLDER.path / "package-lock.json"
AZURITE = FOLDER.modules / "azurite" / "dist" / "src" / "azurite.js"


def install() -> int:
    """Install Azurite, unless it is installed; return npm's status."""
    return FOLDER.install("Azurite")


if __name__ == "__main__":
    sys.exit(install())
