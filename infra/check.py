# ruff: noqa: INP001, S603, T201 - a command of its own: it prints, and runs the compiler
"""Builds, lints and evaluates the infrastructure with the Bicep compiler, where one is.

Formats are compared, nothing is written, nothing is asked of Azure. The parameter sets
in `checks/` are evaluated as a deployment would be; whatever the compiler says of them
is a failure.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

INFRA = Path(__file__).resolve().parent
TOPS = ("main.bicep", "events.bicep")
"""Files that are deployed; the others are modules of them."""
VERSION = "0.49.2"
"""The compiler that counts, as the workflow installs it."""
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


class Compiler:
    """The Bicep compiler at work on a copy of the infrastructure."""

    def __init__(self, bicep: str, infra: Path) -> None:
        self.bicep = bicep
        self.infra = infra

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return the exit status and what was written to both streams."""
        done = subprocess.run(
            [self.bicep, *arguments],
            cwd=self.infra,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def build(self) -> Iterator[str]:
        for name in TOPS:
            status, _, said = self.run("build", name, "--stdout")
            if status:
                yield f"{name} does not compile:\n{said}"

    def lint(self) -> Iterator[str]:
        for file in sorted(self.infra.glob("*.bicep")):
            status, told, said = self.run("lint", file.name)
            if status:
                yield f"{file.name} breaks a rule of bicepconfig.json:\n{told}{said}"

    def format(self) -> Iterator[str]:
        files = [*self.infra.glob("*.bicep"), *self.infra.glob("checks/*.bicepparam")]
        for file in sorted(files):
            name = file.relative_to(self.infra).as_posix()
            status, formatted, said = self.run("format", name, "--stdout")
            if status:
                yield f"{name} cannot be formatted:\n{said}"
            # Some versions end what they print with one line more.
            elif formatted.rstrip() != file.read_text("utf-8").rstrip():
                yield f"{name} is not formatted: bicep format infra/{name}"

    def evaluate(self) -> Iterator[str]:
        for file in sorted(self.infra.glob("checks/*.bicepparam")):
            name = file.relative_to(self.infra).as_posix()
            status, told, said = self.run(
                *("snapshot", name, "--mode", "overwrite"),
                *("--subscription-id", SUBSCRIPTION, "--location", "westeurope"),
            )
            if status:
                yield f"{name} cannot be evaluated:\n{told}{said}"
                continue
            snapshot = json.loads(file.with_suffix(".snapshot.json").read_text("utf-8"))
            resources = snapshot.get("predictedResources", [])
            for diagnostic in snapshot.get("diagnostics", []):
                yield f"{name}: {diagnostic}"
            if not resources:
                yield f"{name} deploys nothing"
            print(f"  {name}: {len(resources)} resources")


def main() -> int:
    """Check everything and return the exit status."""
    bicep = shutil.which("bicep")
    if not bicep:
        print(
            "Bicep: no compiler on the PATH, so infra/ was not built, linted or "
            "evaluated here. The workflow does it; az bicep install has one."
        )
        return 0
    with tempfile.TemporaryDirectory(prefix="bicep-") as scratch:
        copy = Path(scratch) / "infra"
        shutil.copytree(INFRA, copy, ignore=shutil.ignore_patterns("hooks"))
        compiler = Compiler(bicep, copy)
        _, version, _ = compiler.run("--version")
        print(version.strip())
        failures = [
            failure
            for step in ("build", "lint", "format", "evaluate")
            for failure in getattr(compiler, step)()
        ]
    for failure in failures:
        print(failure, file=sys.stderr)
    if failures and VERSION not in version.split():
        print(f"This is another compiler than {VERSION}, which is the one that counts.")
        return 0
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
